import type { Core } from './core.ts';
import type { EmailRow } from './types.ts';

/** Bytes of the parts kept, and the least recently used out when they are too many. */
export class Bodies {
  readonly #core: Core;
  #size: number | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  save(row: EmailRow, part: string, bytes: Buffer): void {
    const { db, limits } = this.#core;
    this.#touch();
    const before = this.#total();
    const old = db.value<number>('SELECT size FROM body WHERE email = ? AND part = ?', row, part) ?? 0;
    db.run(
      'INSERT OR REPLACE INTO body(email, part, size, used, bytes) VALUES(?, ?, ?, ?, ?)',
      row,
      part,
      bytes.length,
      this.#core.now(),
      bytes,
    );
    this.#size = before - old + bytes.length;
    if (this.#size > limits.bodies) this.#trim(limits.bodies * 0.9);
  }

  /** After a rollback, or when bodies went with their Email. */
  forget(): void {
    this.#size = undefined;
  }

  /** Bodies that an APPEND still needs stay. */
  #trim(to: number): void {
    const { db } = this.#core;
    const oldest = db.rows<[number, number]>(
      `SELECT id, size FROM body WHERE email NOT IN (SELECT email FROM intent WHERE kind = 'append') ORDER BY used`,
    );
    for (const [id, size] of oldest) {
      if (this.#total() <= to) return;
      db.run('DELETE FROM body WHERE id = ?', id);
      this.#size = this.#total() - size;
    }
  }

  #total(): number {
    this.#size ??= this.#core.db.value<number>('SELECT coalesce(sum(size), 0) FROM body') ?? 0;
    return this.#size;
  }

  #touch(): void {
    const { db, usedBodies, now } = this.#core;
    for (const id of usedBodies) db.run('UPDATE body SET used = ? WHERE id = ?', now(), id);
    usedBodies.clear();
  }
}

export const readBody = (core: Core, row: EmailRow, part: string): Buffer | undefined => {
  const found = core.db.row<[number, Buffer]>('SELECT id, bytes FROM body WHERE email = ? AND part = ?', row, part);
  if (!found) return undefined;
  core.usedBodies.add(found[0]);
  return found[1];
};
