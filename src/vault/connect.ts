import { hostname } from 'node:os';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkCertificate } from './certificate.ts';
import { Dialogue } from './dialogue.ts';
import { VaultError } from './errors.ts';
import { ImapSignIn, readImapGreeting } from './imap-sign-in.ts';
import type { CertificateFacts, Target } from './keeper.ts';
import type { Network } from './network.ts';
import { scramName } from './sasl.ts';
import { SmtpSignIn } from './smtp-sign-in.ts';

/** A connection that has signed in, paused, with nobody listening. */
export interface SignedIn {
  socket: Duplex;
  /** What the server sent behind its last answer. */
  rest: Buffer;
  capabilities: string[];
  /** The greeting's text. */
  greeting: string;
  certificate: CertificateFacts | null;
}

interface Line {
  socket: Socket;
  certificate: CertificateFacts | null;
}

const secured = async (network: Network, socket: Socket, target: Target): Promise<Line> => {
  const tls = await network.secure(socket, target.host);
  try {
    return { socket: tls, certificate: checkCertificate(tls, target.pin) };
  } catch (error) {
    tls.destroy();
    throw error;
  }
};

/** The rest of a conversation once the server is reached: its dialogue, and how to put TLS below it. */
interface Stage {
  dialogue: Dialogue;
  upgrade: () => Promise<Dialogue>;
}

/** FQDN when this machine has one, else the literal of RFC 5321 §4.1.3. */
const ehloName = (): string => (hostname().includes('.') ? hostname() : '[127.0.0.1]');

type Outcome = Pick<SignedIn, 'capabilities' | 'greeting'> & { dialogue: Dialogue };

const signInImap = async (network: Network, target: Target, password: Uint8Array, stage: Stage): Promise<Outcome> => {
  const { greeting: greetingMs, answer: ms } = network.limits;
  const greeting = await readImapGreeting(stage.dialogue, greetingMs);
  // RFC 9051 §11.1: PREAUTH before STARTTLS is how an intruder keeps TLS away.
  if (greeting.preauth && target.security === 'starttls') throw new VaultError('tls/none', 'PREAUTH before STARTTLS');
  if (greeting.preauth) throw new VaultError('auth/no-mechanism', 'the server lets everybody in');
  let { dialogue } = stage;
  let session = new ImapSignIn(dialogue, ms);
  let capabilities = greeting.capabilities ?? (await session.capabilities());
  if (target.security === 'starttls') {
    if (!capabilities.some((word) => word.toUpperCase() === 'STARTTLS'))
      throw new VaultError('tls/none', 'the server offers no STARTTLS');
    await session.startTls();
    dialogue = await stage.upgrade();
    session = new ImapSignIn(dialogue, ms);
    capabilities = await session.capabilities();
  }
  capabilities = await session.signIn(target.username, password, capabilities, network.useless(target));
  if (session.scramRefused) network.noteUseless(target, scramName);
  return { dialogue, capabilities, greeting: greeting.text };
};

const signInSmtp = async (network: Network, target: Target, password: Uint8Array, stage: Stage): Promise<Outcome> => {
  const { answer: ms } = network.limits;
  const greeting = await new SmtpSignIn(stage.dialogue, network.limits.greeting).greeting();
  let { dialogue } = stage;
  let session = new SmtpSignIn(dialogue, ms);
  let keywords = await session.ehlo(ehloName());
  if (target.security === 'starttls') {
    if (!keywords.some((word) => word.toUpperCase() === 'STARTTLS'))
      throw new VaultError('tls/none', 'the server offers no STARTTLS');
    await session.startTls();
    dialogue = await stage.upgrade();
    session = new SmtpSignIn(dialogue, ms);
    keywords = await session.ehlo(ehloName());
  }
  await session.signIn(target.username, password, keywords, network.useless(target));
  if (session.scramRefused) network.noteUseless(target, scramName);
  return { dialogue, capabilities: keywords, greeting };
};

/**
 * Reaches the server, checks its certificate, signs in. `password` is left as it is. Nothing that came before TLS is
 * trusted afterwards, and the password is sent only over TLS unless the target's security is `none` and its address is
 * on the operator's private list.
 * @throws VaultError the `auth`, `net`, `tls`, `proto`, `limit` and `server` codes
 */
export const signIn = async (network: Network, target: Target, password: Uint8Array): Promise<SignedIn> => {
  const tcp = await network.open(target);
  let line: Line = { socket: tcp, certificate: null };
  try {
    if (target.security === 'tls') line = await secured(network, tcp, target);
    const stage: Stage = {
      dialogue: new Dialogue(line.socket),
      upgrade: async () => {
        if (stage.dialogue.detach().length > 0 || tcp.readableLength > 0)
          throw new VaultError('tls/injection', 'bytes behind the answer to STARTTLS');
        line = await secured(network, tcp, target);
        return new Dialogue(line.socket);
      },
    };
    const run = target.protocol === 'imap' ? signInImap : signInSmtp;
    const { dialogue, capabilities, greeting } = await run(network, target, password, stage);
    const rest = dialogue.detach();
    return { ...line, rest, capabilities, greeting };
  } catch (error) {
    line.socket.destroy();
    tcp.destroy();
    throw error;
  }
};
