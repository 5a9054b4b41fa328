import type { Connection } from '../connection.ts';
import { FetchParser, toFlagRow } from '../fetch.ts';
import type { Line } from '../line.ts';
import type { SectionWish } from '../types.ts';

const partOf = ({ section, bytes }: SectionWish): string =>
  `BODY.PEEK[${section}]${bytes === undefined ? '' : `<0.${bytes}>`}`;

/** FETCH BODY.PEEK[...] of one message – RFC 3501 §6.4.5. null when the message is gone. */
export const fetchSections = async (
  connection: Connection,
  uid: number,
  wishes: readonly SectionWish[],
): Promise<Map<string, Buffer> | null> => {
  const found = new Map<string, Buffer>();
  const parser = new FetchParser();
  let isThere = false;
  const untagged = (bytes: Buffer, start: number, end: number): boolean => {
    const parsed = parser.parse(bytes, start, end);
    if (parsed.kind === 'other') return false;
    if (parsed.kind === 'broken') {
      isThere ||= parsed.uid === uid;
      return true;
    }
    const { row } = parsed;
    // Lenient: a row with what was asked for and no UID is the answer.
    if (row.uid !== uid && (row.uid !== 0 || (row.sections.size === 0 && row.header === null))) {
      connection.tellFlags(toFlagRow(row));
      return true;
    }
    isThere = true;
    for (const { section, bytes: most } of wishes) {
      const name = section.toUpperCase();
      const value = row.sections.get(name) ?? (name.startsWith('HEADER') ? row.header : null);
      if (value !== null) found.set(section, most === undefined ? value : value.subarray(0, most));
    }
    return true;
  };
  await connection.line.run('FETCH', [`UID FETCH ${uid} (UID ${wishes.map(partOf).join(' ')})`], { untagged });
  return isThere ? found : null;
};

/** What may still be read and dropped when a reader leaves early; more costs more than a new connection. */
const LEFTOVER = 1 << 20;

/**
 * One section in one literal, as it arrives: the line is held while nobody reads. `section` null: the whole message.
 * Takes the turn for as long as it is read.
 */
export async function* streamSection(
  connection: Connection,
  uid: number,
  section: string | null,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  signal?.throwIfAborted();
  const giveBack = await connection.takeTurn();
  const pipe = new Pipe(connection.line);
  const abort = (): void => pipe.close();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const parser = new FetchParser();
    const untagged = (bytes: Buffer, start: number, end: number): boolean => {
      const parsed = parser.parse(bytes, start, end);
      if (parsed.kind !== 'row') return parsed.kind === 'broken';
      if (parsed.row.uid === uid || (parsed.row.uid === 0 && parsed.row.sections.size > 0)) {
        // A short section may come as a quoted string; the place of a streamed literal is empty.
        for (const value of parsed.row.sections.values()) if (value.length > 0) pipe.write(value);
      } else connection.tellFlags(toFlagRow(parsed.row));
      return true;
    };
    const literal = (head: Buffer, size: number) => {
      if (!/BODY\[[^\]]*\](?:<\d+>)? *$/i.test(head.toString('latin1', Math.max(0, head.length - 300)))) return null;
      pipe.left += size;
      return (chunk: Buffer): void => {
        pipe.left -= chunk.length;
        pipe.write(chunk);
      };
    };
    const command = `UID FETCH ${uid} (UID BODY.PEEK[${section ?? ''}])`;
    pipe.fill(connection.line.run('FETCH', [command], { untagged, literal }));
    yield* pipe.read();
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', abort);
    await pipe.leave(LEFTOVER);
    giveBack();
  }
}

/** Chunks between the line, which pushes, and a reader, who pulls. */
class Pipe {
  /** Bytes of the literal that have not come yet. */
  left = 0;
  readonly #line: Line;
  #chunks: Buffer[] = [];
  #done: Promise<void> | null = null;
  #isDone = false;
  #isClosed = false;
  #failure: { error: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(line: Line) {
    this.#line = line;
  }

  write(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#chunks.push(chunk);
    this.#line.hold('stream');
    this.#wake();
  }

  /** The command that fills it. */
  fill(command: Promise<unknown>): void {
    this.#done = command.then(
      () => undefined,
      (error: unknown) => void (this.#failure = { error }),
    );
    void this.#done.then(() => {
      this.#isDone = true;
      this.#wake();
    });
  }

  /** Nothing more is wanted. */
  close(): void {
    this.#isClosed = true;
    this.#chunks = [];
    this.#wake();
  }

  async *read(): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        yield chunk;
        continue;
      }
      if (this.#isClosed || this.#isDone) break;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#line.release('stream');
      await promise;
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Waits for the end of the command, or cuts the line when too much of the literal is still to come. */
  async leave(most: number): Promise<void> {
    this.close();
    if (this.#done === null) return;
    if (!this.#isDone && this.left > most) this.#line.cut();
    this.#line.release('stream');
    await this.#done;
  }
}
