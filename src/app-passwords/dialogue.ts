import { connect as dialPlain, type Socket } from 'node:net';
import { connect as dialTls } from 'node:tls';

/** A server to sign in at, for trying a password. */
export interface Target {
  protocol: 'imap' | 'submission';
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  /** PEM of a further certificate authority. */
  ca?: string;
}

export interface Visit {
  outcome: 'accepted' | 'refused';
  /** Resolves when the server, or {@link leave}, ends the connection. */
  ended: Promise<void>;
  leave(): void;
}

const patience = 30_000;
const longestLine = 8192;

/** Lines of one connection, read as they are asked for. */
class Talk {
  #socket: Socket;
  #seen = '';
  #wake: (() => void) | undefined;
  #over = false;
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#listen();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.setTimeout(patience, () => socket.destroy());
    socket.on('data', (data: Buffer) => {
      this.#seen += data.toString('latin1');
      if (this.#seen.length > 16 * longestLine) socket.destroy();
      this.#wake?.();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#over = true;
      this.#wake?.();
      this.#end();
    });
  }

  /** The next line that `wanted` likes. @throws Error when the connection ends first */
  async line(wanted: (line: string) => boolean): Promise<string> {
    for (;;) {
      const end = this.#seen.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#seen.slice(0, end);
        this.#seen = this.#seen.slice(end + 2);
        if (wanted(line)) return line;
      } else {
        if (this.#over) throw new Error('the server ended the connection');
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  say(text: string): void {
    this.#socket.write(`${text}\r\n`);
  }

  /** Goes on under TLS; what came before is forgotten. */
  async secure(target: Target): Promise<void> {
    this.#seen = '';
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const options = { socket: plain, servername: target.host, ...(target.ca === undefined ? {} : { ca: target.ca }) };
    this.#socket = await new Promise<Socket>((resolve, reject) => {
      const tls = dialTls(options, () => resolve(tls));
      tls.once('error', reject);
    });
    this.#listen();
  }

  close(): void {
    this.#socket.destroy();
  }
}

const dial = async (target: Target): Promise<Talk> => {
  const { host, port, security, ca } = target;
  const socket = await new Promise<Socket>((resolve, reject) => {
    const options = { host, port };
    const made: Socket =
      security === 'tls'
        ? dialTls({ ...options, servername: host, ...(ca === undefined ? {} : { ca }) }, () => resolve(made))
        : dialPlain(options, () => resolve(made));
    made.once('error', reject);
  });
  return new Talk(socket);
};

const plainResponse = (user: string, password: Buffer): string =>
  Buffer.concat([Buffer.from(`\0${user}\0`), password]).toString('base64');

const isTagged = (line: string): boolean => /^[ab] /.test(line);
const isLastOfReply = (line: string): boolean => /^\d{3} /.test(line);

const overImap = async (talk: Talk, target: Target, user: string, password: Buffer): Promise<boolean> => {
  await talk.line((line) => line.startsWith('* '));
  if (target.security === 'starttls') {
    talk.say('a STARTTLS');
    const answer = await talk.line(isTagged);
    if (!answer.startsWith('a OK')) throw new Error('the server offers no STARTTLS');
    await talk.secure(target);
  }
  talk.say('b AUTHENTICATE PLAIN');
  const ready = await talk.line((line) => line.startsWith('+') || isTagged(line));
  if (!ready.startsWith('+')) throw new Error('the server takes no AUTHENTICATE PLAIN');
  talk.say(plainResponse(user, password));
  const answer = await talk.line(isTagged);
  return answer.startsWith('b OK');
};

const overSubmission = async (talk: Talk, target: Target, user: string, password: Buffer): Promise<boolean> => {
  const reply = (): Promise<string> => talk.line(isLastOfReply);
  await reply();
  talk.say('EHLO [127.0.0.1]');
  await reply();
  if (target.security === 'starttls') {
    talk.say('STARTTLS');
    const answer = await reply();
    if (!answer.startsWith('220')) throw new Error('the server offers no STARTTLS');
    await talk.secure(target);
    talk.say('EHLO [127.0.0.1]');
    await reply();
  }
  talk.say(`AUTH PLAIN ${plainResponse(user, password)}`);
  const answer = await reply();
  if (answer.startsWith('5') && !/^5(34|35|50|30)/.test(answer))
    throw new Error(`the server answers ${answer.slice(0, 3)}`);
  return answer.startsWith('235');
};

/**
 * Signs in once. A refusal is an outcome; a server that cannot be reached or does not speak the protocol is an error.
 * @throws Error whose message holds no password
 */
export const visit = async (target: Target, user: string, password: Buffer): Promise<Visit> => {
  const talk = await dial(target);
  try {
    const isIn = await (target.protocol === 'imap' ? overImap : overSubmission)(talk, target, user, password);
    return { outcome: isIn ? 'accepted' : 'refused', ended: talk.ended, leave: () => talk.close() };
  } catch (error) {
    talk.close();
    throw error;
  }
};
