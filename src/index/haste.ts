import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { cacheSize, type Database } from './database.ts';
import { IndexError } from './errors.ts';

const setting = 'index hastened';

/** Another one after each start of the machine; null where the system has none. */
const bootOf = (): string | null => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
};

const synced = async (file: string): Promise<void> => {
  const handle = await open(file, 'r').catch(() => null);
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
};

/**
 * Storing without waiting for the disk. Waiting takes the thread half a second at times, in the middle of a COMMIT. The
 * file says in which run of the machine it was last written so: after another start nobody knows what of it reached the
 * disk.
 */
export class Haste {
  readonly #db: Database;
  readonly #file: string;
  readonly #boot = bootOf();
  #isOn: boolean;
  #closed = false;

  /** @throws IndexError `index/unreadable` when the machine stopped in between */
  constructor(db: Database, file: string) {
    this.#db = db;
    this.#file = file;
    const boot = db.value<string>('SELECT value FROM setting WHERE key = ?', setting) ?? '';
    if (boot !== '' && boot !== this.#boot)
      throw new IndexError('index/unreadable', 'the machine stopped while the index was written in haste');
    this.#isOn = boot !== '';
    if (this.#isOn) this.#wait(false);
  }

  begin(): void {
    if (this.#isOn || this.#boot === null || this.#closed) return;
    this.#db.exec('PRAGMA synchronous = FULL');
    this.#mark(this.#boot);
    this.#wait(false);
    this.#isOn = true;
  }

  /** Waits for the disk off this thread, so that little is left for {@link end}. */
  async flush(): Promise<void> {
    if (!this.#isOn) return;
    await synced(`${this.#file}-wal`);
    await synced(this.#file);
  }

  close(): void {
    this.end();
    this.#closed = true;
  }

  /** Outside a transaction. */
  end(): void {
    if (!this.#isOn || this.#closed) return;
    this.#wait(true);
    // A checkpoint that has something to do syncs the whole file, what earlier ones wrote as well.
    this.#mark(this.#boot ?? '');
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#mark('');
    this.#isOn = false;
  }

  /**
   * In haste checkpoints are many and small: none of them waits. There is room for the pages of one transaction, which
   * would else be written and read again within it.
   */
  #wait(isWaiting: boolean): void {
    this.#db.exec(
      isWaiting
        ? `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = ${cacheSize}; PRAGMA shrink_memory`
        : 'PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 500; PRAGMA cache_size = -16000',
    );
  }

  #mark(boot: string): void {
    this.#db.run('INSERT OR REPLACE INTO setting(key, value) VALUES(?, ?)', setting, boot);
  }
}
