import { connect, type Socket } from 'node:net';

/** The limit: a bare IMAP socket that asks the server for the same things and parses nothing. */
export class RawImap {
  readonly #socket: Socket;
  #tag = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number, address: string, password: string): Promise<RawImap> {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    await new Promise<void>((done, fail) => {
      socket.once('data', () => done());
      socket.once('error', fail);
    });
    const imap = new RawImap(socket);
    await imap.command(`LOGIN "${address}" "${password}"`);
    return imap;
  }

  /** Sends one command; resolves with the octets and the last text that came back up to its tagged line. @throws Error when it is not OK */
  command(text: string, keep = false): Promise<{ octets: number; text: string }> {
    this.#tag += 1;
    const tag = `t${this.#tag}`;
    const end = Buffer.from(`${tag} `);
    return new Promise((done, fail) => {
      let octets = 0;
      let tail: Buffer = Buffer.alloc(0);
      const kept: Buffer[] = [];
      const data = (chunk: Buffer): void => {
        octets += chunk.length;
        if (keep) kept.push(chunk);
        tail =
          tail.length + chunk.length > 4096
            ? Buffer.concat([tail.subarray(-512), chunk]).subarray(-4096)
            : Buffer.concat([tail, chunk]);
        const at = tail.subarray(0, end.length).equals(end) ? 0 : tail.lastIndexOf(`\r\n${tag} `);
        if (at < 0 || tail.at(-1) !== 10) return;
        this.#socket.off('data', data);
        this.#socket.off('close', closed);
        const line = tail.subarray(at).toString('latin1').trim();
        if (line.startsWith(`${tag} OK`)) done({ octets, text: keep ? Buffer.concat(kept).toString('latin1') : line });
        else fail(new Error(`${text.split(' ')[0] ?? ''}: ${line}`));
      };
      const closed = (): void => fail(new Error('the server closed the connection'));
      this.#socket.on('data', data);
      this.#socket.once('close', closed);
      this.#socket.write(`${tag} ${text}\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
