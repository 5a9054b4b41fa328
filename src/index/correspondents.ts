import type { Core } from './core.ts';
import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import type { Address, Envelope, Role } from './types.ts';

interface Seen {
  name: string | null;
  sent: number;
  received: number;
  last: number;
}

/** Mail that says nothing about whom a person writes to. */
const deaf = new Set<Role>(['junk', 'trash', 'drafts']);

const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase();

/** What a prefix may begin with: each word of the name, the address, its parts. */
const wordsOf = (email: string, name: string | null): string => {
  const parts = [...folded(name ?? '').split(/[^\p{L}\p{N}]+/u), email, ...email.split(/[@._+-]/u)];
  return ` ${[...new Set(parts.filter((part) => part !== ''))].join(' ')} `;
};

/** Addresses mail was sent to or came from, gathered over one transaction. */
export class Correspondence {
  readonly #rows: BulkInsert;
  readonly #seen = new Map<string, Seen>();

  constructor(db: Database) {
    this.#rows = new BulkInsert(
      db,
      'INSERT INTO correspondent(email, name, words, sent, received, last)',
      6,
      `ON CONFLICT(email) DO UPDATE SET sent = sent + excluded.sent, received = received + excluded.received,
        name = CASE WHEN name IS NULL OR (excluded.name IS NOT NULL AND excluded.last > last) THEN excluded.name ELSE name END,
        words = CASE WHEN name IS NULL OR (excluded.name IS NOT NULL AND excluded.last > last) THEN excluded.words ELSE words END,
        last = max(last, excluded.last)`,
    );
  }

  /** A message of a mailbox with this role, received `at` (Unix seconds). */
  note(role: Role | null, envelope: Envelope, at: number): void {
    if (role !== null && deaf.has(role)) return;
    if (role === 'sent') {
      for (const list of [envelope.to, envelope.cc, envelope.bcc]) for (const one of list) this.#count(one, at, 'sent');
    } else if (envelope.bulk === 'none') {
      for (const one of envelope.from) this.#count(one, at, 'received');
    }
  }

  flush(): void {
    for (const [email, { name, sent, received, last }] of this.#seen) {
      this.#rows.add(email, name, wordsOf(email, name), sent, received, last);
    }
    this.#seen.clear();
    this.#rows.flush();
  }

  /** After a rollback. */
  forget(): void {
    this.#seen.clear();
    this.#rows.forget();
  }

  #count({ name, email }: Address, at: number, how: 'sent' | 'received'): void {
    const key = email.trim().toLowerCase();
    if (!key.includes('@') || key.length > 254) return;
    const known = this.#seen.get(key);
    if (known) {
      known[how] += 1;
      if (name !== null && (known.name === null || at > known.last)) known.name = name;
      known.last = Math.max(known.last, at);
      return;
    }
    this.#seen.set(key, { name, sent: 0, received: 0, last: at, [how]: 1 });
  }
}

/** Those the user wrote to come first, then by letters and date. */
export const correspondents = (core: Core, prefix: string, limit: number): (Address & { letters: number })[] => {
  const words = folded(prefix)
    .split(/[\s"<>,;]+/u)
    .filter((word) => word !== '')
    .slice(0, 8);
  const test = words.map(() => 'instr(words, ?) > 0').join(' AND ');
  return core.db.all(
    `SELECT email, name, sent + received AS letters FROM correspondent ${test === '' ? '' : `WHERE ${test}`}
      ORDER BY sent > 0 DESC, sent * 3 + received DESC, last DESC, email LIMIT ?`,
    ...words.map((word) => ` ${word}`),
    limit,
  );
};
