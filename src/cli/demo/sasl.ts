import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type SaslAnswer = 'accepted' | 'refused';

/** One connection to Dovecot as Postfix and Exim have it, for tests and for the demo's submission server: Dovecot's authentication protocol 1.1 over its Unix socket. */
export class SaslLine implements Disposable {
  readonly #line: Socket;
  readonly #waiting = new Map<number, PromiseWithResolvers<SaslAnswer>>();
  #seen = '';
  #next = 1;

  private constructor(line: Socket) {
    this.#line = line;
  }

  static async open(socket: string): Promise<SaslLine> {
    const line = connect(socket);
    const made = new SaslLine(line);
    await once(line, 'connect');
    line.write(`VERSION\t1\t1\nCPID\t${process.pid}\n`);
    await new Promise<void>((resolve) => {
      let head = '';
      const read = (data: Buffer): void => {
        head += data.toString();
        if (!head.includes('DONE\n')) return;
        line.off('data', read);
        resolve();
      };
      line.on('data', read);
    });
    line.on('data', (data: Buffer) => made.#take(data.toString()));
    line.on('error', () => line.destroy());
    line.on('close', () => {
      for (const { reject } of made.#waiting.values()) reject(new Error('Dovecot closed the line'));
    });
    return made;
  }

  #take(text: string): void {
    const lines = (this.#seen + text).split('\n');
    this.#seen = lines.pop() ?? '';
    for (const line of lines) {
      const [word, id] = line.split('\t');
      if (word !== 'OK' && word !== 'FAIL') continue;
      this.#waiting.get(Number(id))?.resolve(word === 'OK' ? 'accepted' : 'refused');
      this.#waiting.delete(Number(id));
    }
  }

  ask(user: string, password: string | Buffer, remote = '127.0.0.1'): Promise<SaslAnswer> {
    const id = this.#next;
    this.#next += 1;
    const resp = Buffer.concat([Buffer.from(`\0${user}\0`), Buffer.from(password)]).toString('base64');
    const answer = Promise.withResolvers<SaslAnswer>();
    this.#waiting.set(id, answer);
    this.#line.write(`AUTH\t${id}\tPLAIN\tservice=smtp\tnologin\trip=${remote}\tsecured\tresp=${resp}\n`);
    return answer.promise;
  }

  [Symbol.dispose](): void {
    this.#line.destroy();
  }
}

/** Asks once. */
export const askSasl = async (
  socket: string,
  user: string,
  password: string | Buffer,
  remote?: string,
): Promise<SaslAnswer> => {
  using line = await SaslLine.open(socket);
  // Awaited here: the line is closed when this function is left.
  return await line.ask(user, password, remote);
};
