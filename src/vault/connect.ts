import { hostname } from 'node:os';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isPrivateAddress } from '#config/networks.ts';
import { checkCertificate } from './certificate.ts';
import { Dialogue } from './dialogue.ts';
import { VaultError } from './errors.ts';
import { ImapSignIn, readImapGreeting, saslOf } from './imap-sign-in.ts';
import type { CertificateFacts, Target } from './keeper.ts';
import type { Network } from './network.ts';
import { AccessToken, type Proof } from './oauth-secret.ts';
import { tokenMechanism } from './oauth-sasl.ts';
import { scramName } from './sasl.ts';
import { authOf, SmtpSignIn } from './smtp-sign-in.ts';

/** A connection that has signed in, paused, with nobody listening. */
export interface SignedIn {
  socket: Duplex;
  /** What the server sent behind its last answer. */
  rest: Buffer;
  capabilities: string[];
  /** The greeting's text. */
  greeting: string;
  certificate: CertificateFacts | null;
  /** The server was reached at an address that is not of the public internet. */
  privateAddress: boolean;
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

/** A server that has greeted, with TLS below it where that was asked for. Nothing secret has been sent. */
interface Met {
  dialogue: Dialogue;
  capabilities: string[];
  /** The greeting's text. */
  greeting: string;
  /** Asks for the capabilities again. */
  ask(): Promise<string[]>;
  /** Signs in, for a visitor at `from`; what the server can do afterwards. */
  signIn(proof: Proof, from: string | null): Promise<string[]>;
}

const offers = (capabilities: readonly string[], word: string): boolean =>
  capabilities.some((each) => each.toUpperCase() === word);

const meetImap = async (network: Network, target: Target, stage: Stage): Promise<Met> => {
  const { greeting: greetingMs, answer: ms } = network.limits;
  const greeting = await readImapGreeting(stage.dialogue, greetingMs);
  // RFC 9051 §11.1: PREAUTH before STARTTLS is how an intruder keeps TLS away.
  if (greeting.preauth && target.security === 'starttls') throw new VaultError('tls/none', 'PREAUTH before STARTTLS');
  if (greeting.preauth) throw new VaultError('auth/no-mechanism', 'the server lets everybody in');
  let { dialogue } = stage;
  let session = new ImapSignIn(dialogue, ms);
  let capabilities = greeting.capabilities ?? (await session.capabilities());
  if (target.security === 'starttls') {
    if (!offers(capabilities, 'STARTTLS')) throw new VaultError('tls/none', 'the server offers no STARTTLS');
    await session.startTls();
    dialogue = await stage.upgrade();
    session = new ImapSignIn(dialogue, ms);
    capabilities = await session.capabilities();
  }
  return {
    dialogue,
    capabilities,
    greeting: greeting.text,
    ask: () => session.capabilities(),
    signIn: async (proof, from) => {
      if (from !== null && network.trustsUs(target) && offers(capabilities, 'ID')) await session.identify(from);
      if (proof instanceof AccessToken)
        return session.present(tokenMechanism(saslOf(capabilities), target, proof), capabilities);
      const after = await session.signIn(target.username, proof, capabilities, network.useless(target));
      if (session.scramRefused) network.noteUseless(target, scramName);
      return after;
    },
  };
};

const meetSmtp = async (network: Network, target: Target, stage: Stage): Promise<Met> => {
  const { answer: ms } = network.limits;
  const greeting = await new SmtpSignIn(stage.dialogue, network.limits.greeting).greeting();
  let { dialogue } = stage;
  let session = new SmtpSignIn(dialogue, ms);
  let keywords = await session.ehlo(ehloName());
  if (target.security === 'starttls') {
    if (!offers(keywords, 'STARTTLS')) throw new VaultError('tls/none', 'the server offers no STARTTLS');
    await session.startTls();
    dialogue = await stage.upgrade();
    session = new SmtpSignIn(dialogue, ms);
    keywords = await session.ehlo(ehloName());
  }
  return {
    dialogue,
    capabilities: keywords,
    greeting,
    ask: () => session.ehlo(ehloName()),
    signIn: async (proof) => {
      if (proof instanceof AccessToken) await session.present(tokenMechanism(authOf(keywords), target, proof));
      else await session.signIn(target.username, proof, keywords, network.useless(target));
      if (session.scramRefused) network.noteUseless(target, scramName);
      return keywords;
    },
  };
};

/**
 * Reaches the server and checks its certificate; `work` then has the conversation, and its end is the caller's when it
 * succeeds. Nothing that came before TLS is trusted afterwards.
 * @throws VaultError the `net`, `tls`, `proto`, `limit` and `server` codes
 */
export const meet = async <T>(
  network: Network,
  target: Target,
  work: (met: Met, line: () => Line) => Promise<T>,
): Promise<T> => {
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
    return await work(await (target.protocol === 'imap' ? meetImap : meetSmtp)(network, target, stage), () => line);
  } catch (error) {
    line.socket.destroy();
    tcp.destroy();
    throw error;
  }
};

/**
 * Reaches the server, checks its certificate, signs in. `proof` is left as it is, and is sent only over TLS unless the
 * target's security is `none` and its address is on the operator's private list.
 * @throws VaultError the `auth`, `net`, `tls`, `proto`, `limit` and `server` codes
 */
export const signIn = (network: Network, target: Target, proof: Proof, from: string | null = null): Promise<SignedIn> =>
  meet(network, target, async ({ dialogue, greeting, signIn: prove }, line) => {
    const capabilities = await prove(proof, from);
    const rest = dialogue.detach();
    const { socket, certificate } = line();
    const privateAddress = isPrivateAddress(socket.remoteAddress ?? '');
    return { socket, certificate, privateAddress, rest, capabilities, greeting };
  });
