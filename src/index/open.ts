import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { setImmediate as pause } from 'node:timers/promises';
import { logError, type Log, silent } from '#base/log.ts';
import { invariant } from '#base/must.ts';
import { Core } from './core.ts';
import { type Database, openDatabase } from './database.ts';
import { asIndexError, IndexError } from './errors.ts';
import { Haste } from './haste.ts';
import { Reader } from './reader.ts';
import { schema, schemaVersion } from './schema.ts';
import { Transactor } from './transactor.ts';
import type { ChangeType, Follower, Index, IndexReader, IndexTransactor } from './types.ts';

export interface IndexOptions {
  /** Unix milliseconds. */
  now?: () => number;
  log?: Log;
  /** Bytes of message bodies kept, 256 MB. */
  bodies?: number;
  /** Bytes of mailbox lists held in memory, 8 MB: about a million rows; as many again of results of searches. */
  lists?: number;
  /** Pages of 4 kB that the file may have; more is `index/full`. Unlimited. */
  mostPages?: number;
  /** Told as often as a part of the file cannot be read; what asked for it fails with the same. */
  damaged?: (error: IndexError) => void;
  /** What is gathered is stored after so much work, so that storing it is short, or after so much time: 30 and 150 ms. */
  gathered?: { work: number; time: number };
}

/** Changes older than this are forgotten: 30 days (RFC 8620 §5.2). */
const changesKept = 30 * 24 * 3600 * 1000;
/** Blobs nobody made use of, uploads say, go after a day. */
const blobsKept = 24 * 3600 * 1000;
const tidyEvery = 24 * 3600 * 1000;

/** Writes that wait to be stored together. */
interface Gathering {
  /** Milliseconds of work in it. */
  work: number;
  types: Set<ChangeType>;
  tasks: (() => void)[];
  timer: NodeJS.Timeout;
}

class OpenIndex implements Index {
  readonly epoch: string;
  readonly #db: Database;
  readonly #core: Core;
  readonly #reader: Reader;
  readonly #transactor: Transactor;
  readonly #log: Log;
  readonly #damaged: (error: IndexError) => void;
  readonly #listeners = new Set<(types: ReadonlySet<ChangeType>) => void>();
  readonly #haste: Haste;
  readonly #mostGathered: { work: number; time: number };
  #writing = false;
  #gathering: Gathering | null = null;
  /** Why gathered writes were lost, until those who gathered them are told. */
  #lost: { error: unknown } | null = null;
  #losses = 0;

  constructor(db: Database, file: string, epoch: string, options: IndexOptions) {
    this.epoch = epoch;
    this.#db = db;
    this.#haste = new Haste(db, file);
    this.#mostGathered = options.gathered ?? { work: 60, time: 150 };
    this.#log = options.log ?? silent;
    this.#damaged = options.damaged ?? (() => undefined);
    const limits = { bodies: options.bodies ?? 256e6, lists: options.lists ?? 8e6 };
    this.#core = new Core(db, epoch, limits, options.now ?? Date.now);
    this.#reader = new Reader(this.#core);
    this.#transactor = new Transactor(this.#core);
    this.#core.store = () => {
      // Text that was gathered moves no state.
      if (this.#gathering !== null && this.#gathering.types.size > 0) this.#store();
    };
  }

  read<T>(task: (reader: IndexReader) => T): T {
    try {
      return task(this.#writing ? this.#transactor : this.#reader);
    } catch (error) {
      throw this.#ours(error);
    }
  }

  write<T>(task: (transactor: IndexTransactor) => T): T {
    invariant(!this.#writing, 'a write within a write');
    this.#store();
    this.#writing = true;
    let result: T;
    try {
      this.#db.run('BEGIN IMMEDIATE');
      result = task(this.#transactor);
      this.#core.flush();
      this.#core.conclude();
      this.#db.run('COMMIT');
    } catch (error) {
      this.#rollback();
      throw this.#ours(error);
    } finally {
      this.#writing = false;
    }
    this.#core.log.stored();
    this.#announce(this.#core.log.touched(), this.#transactor.takeTasks());
    return result;
  }

  gather<T>(task: (transactor: IndexTransactor) => T): T {
    invariant(!this.#writing, 'a write within a write');
    this.#tellLoss();
    const begun = performance.now();
    let gathering: Gathering;
    let result: T;
    this.#writing = true;
    try {
      gathering = this.#gathering ??= this.#begin();
      result = task(this.#transactor);
      this.#core.flush();
    } catch (error) {
      const reason = this.#ours(error);
      // Others may have gathered as well.
      if ((this.#gathering?.work ?? 0) > 0) this.#lost = { error: reason };
      this.#drop();
      throw reason;
    } finally {
      this.#writing = false;
    }
    for (const type of this.#core.log.touched()) gathering.types.add(type);
    gathering.tasks.push(...this.#transactor.takeTasks());
    gathering.work += performance.now() - begun;
    if (gathering.work >= this.#mostGathered.work) this.settle();
    return result;
  }

  get losses(): number {
    return this.#losses;
  }

  settle(): void {
    try {
      this.#store();
    } finally {
      this.#tellLoss();
    }
  }

  hasten(): void {
    this.#store();
    this.#haste.begin();
    this.#core.hasten(true);
  }

  async calm(): Promise<void> {
    try {
      while (this.write(() => this.#core.order())) await pause();
      await this.#haste.flush();
      this.settle();
      this.#haste.end();
      this.#core.hasten(false);
    } catch (error) {
      throw this.#ours(error);
    }
  }

  onChange(listener: (types: ReadonlySet<ChangeType>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  follow(follower: Follower): void {
    this.#core.log.follow(follower);
  }

  /** Forgets what is too old to be asked for; once a day. */
  tidy(): void {
    const now = this.#core.now();
    if (now - Number(this.#reader.value('index tidied') ?? 0) < tidyEvery) return;
    this.write((t) => {
      this.#core.log.trim(now - changesKept);
      this.#db.run('DELETE FROM blob WHERE at < ?', now - blobsKept);
      this.#db.run(
        'DELETE FROM thread WHERE emails = 0 AND into_ IS NULL AND NOT EXISTS (SELECT 1 FROM email e WHERE e.thread = thread.id)',
      );
      this.#db.run('DELETE FROM ref WHERE thread <> 0 AND thread NOT IN (SELECT id FROM thread)');
      this.#db.run('DELETE FROM strong WHERE email NOT IN (SELECT id FROM email)');
      t.setValue('index tidied', String(now));
    });
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    try {
      this.#store();
      this.#haste.close();
    } finally {
      this.#db.close();
    }
  }

  #begin(): Gathering {
    this.#db.run('BEGIN IMMEDIATE');
    const timer = setTimeout(() => {
      try {
        this.#store();
      } catch (error) {
        logError(this.#log, 'index/gathered', error);
      }
    }, this.#mostGathered.time);
    return { work: 0, types: new Set(), tasks: [], timer: timer.unref() };
  }

  /** Commits what was gathered. */
  #store(): void {
    const gathering = this.#gathering;
    if (gathering === null || this.#writing) return;
    try {
      this.#core.conclude();
      this.#db.run('COMMIT');
    } catch (error) {
      this.#drop();
      this.#lost = { error: this.#ours(error) };
      throw this.#lost.error;
    }
    clearTimeout(gathering.timer);
    this.#gathering = null;
    this.#core.log.stored();
    this.#announce(gathering.types, gathering.tasks);
  }

  /** Nothing that was gathered comes to be. */
  #drop(): void {
    this.#losses += 1;
    if (this.#gathering !== null) clearTimeout(this.#gathering.timer);
    this.#gathering = null;
    this.#rollback();
  }

  #ours(error: unknown): unknown {
    const ours = asIndexError(error);
    if (ours instanceof IndexError && ours.code === 'index/unreadable') this.#damaged(ours);
    return ours;
  }

  #tellLoss(): void {
    const lost = this.#lost;
    this.#lost = null;
    if (lost !== null) throw lost.error;
  }

  #rollback(): void {
    try {
      // A full disk may have rolled back by itself.
      if (this.#db.inTransaction) this.#db.run('ROLLBACK');
    } finally {
      this.#transactor.forget();
    }
  }

  /** The write stands whatever a listener does. */
  #announce(types: ReadonlySet<ChangeType>, tasks: readonly (() => void)[]): void {
    const told = types.size === 0 ? [] : [...this.#listeners].map((listener) => () => listener(types));
    for (const task of [...tasks, ...told]) {
      try {
        task();
      } catch (error) {
        logError(this.#log, 'index/listener', error);
      }
    }
  }
}

const prepare = (db: Database): string => {
  const version = db.value<number>('PRAGMA user_version');
  const isNew = db.value<number>('SELECT count(*) FROM sqlite_schema') === 0;
  if (isNew) {
    db.run('BEGIN IMMEDIATE');
    db.exec(schema);
    db.run("INSERT INTO setting(key, value) VALUES('index epoch', ?)", randomBytes(6).toString('hex'));
    db.exec(`PRAGMA user_version = ${schemaVersion}`);
    db.run('COMMIT');
  } else if (version !== schemaVersion) {
    throw new IndexError('index/unreadable', `the index is of schema ${version ?? 0}, this is ${schemaVersion}`);
  }
  const epoch = db.value<string>("SELECT value FROM setting WHERE key = 'index epoch'");
  if (epoch === undefined) throw new IndexError('index/unreadable', 'the index has no epoch');
  return epoch;
};

/**
 * Opens the index in `file`, or makes it. `key` is 32 bytes, stays the caller's and is not kept.
 * @throws IndexError `index/unreadable`: {@link removeIndex} it and sync again
 */
export const openIndex = (file: string, key: Buffer, options: IndexOptions = {}): Index => {
  invariant(key.length === 32, 'an index key has 32 bytes');
  let db: Database | undefined;
  try {
    db = openDatabase(file, key);
    if (options.mostPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.mostPages}`);
    const index = new OpenIndex(db, file, prepare(db), options);
    index.tidy();
    return index;
  } catch (error) {
    db?.close();
    throw asIndexError(error);
  }
};

/** Deletes an index with what SQLite keeps beside it. */
export const removeIndex = (file: string): void => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
};
