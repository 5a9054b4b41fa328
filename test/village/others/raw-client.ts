import { connect, type Socket } from 'node:net';
import type { OtherUser } from './server.ts';

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

/** Another client of the same user: it says what a test wants said and shows what comes back. */
export class RawClient implements AsyncDisposable {
  readonly #socket: Socket;
  #said = '';
  #tag = 0;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#said += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#wake());
  }

  static async open(port: number, user: OtherUser): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    const client = new RawClient(socket);
    await client.#until(/^\* OK .*\r\n/m);
    await client.command(`LOGIN ${quoted(user.name)} ${quoted(user.password)}`);
    return client;
  }

  /** What the server says to it, the tagged line included. @throws Error when that is not OK */
  async command(text: string): Promise<string> {
    this.#tag += 1;
    this.#said = '';
    this.#socket.write(`r${this.#tag} ${text}\r\n`, 'latin1');
    return this.#answer(text);
  }

  async append(mailbox: string, raw: Buffer, flags: readonly string[] = []): Promise<void> {
    this.#tag += 1;
    this.#said = '';
    this.#socket.write(`r${this.#tag} APPEND ${quoted(mailbox)} (${flags.join(' ')}) {${raw.length}}\r\n`);
    await this.#until(/^\+.*\r\n|^r\d+ (?:NO|BAD) .*\r\n/m);
    if (!this.#said.includes('+')) throw new Error(this.#said);
    this.#said = '';
    this.#socket.write(Buffer.concat([raw, Buffer.from('\r\n')]));
    await this.#answer('APPEND');
  }

  async #answer(text: string): Promise<string> {
    const [, how] = await this.#until(new RegExp(`^r${this.#tag} (\\w+).*\\r\\n`, 'm'));
    if (how !== 'OK') throw new Error(`${text.split(' ')[0] ?? ''}: ${this.#said}`);
    return this.#said;
  }

  async #until(wanted: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = wanted.exec(this.#said);
      if (found) return found;
      if (this.#socket.destroyed) throw new Error(`the server hung up: ${this.#said}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.end('bye LOGOUT\r\n');
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      setTimeout(() => this.#socket.destroy(), 1_000).unref();
    });
  }
}
