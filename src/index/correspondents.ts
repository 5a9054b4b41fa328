import type { Core } from './core.ts';
import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import { bulks } from './emails.ts';
import type { ReadyMessage } from './ready.ts';
import type { Address, Role } from './types.ts';

interface Seen {
  name: string | null;
  sent: number;
  received: number;
  last: number;
}

type How = 'sent' | 'received';

/** Letters with the same list of addresses. */
interface Alike {
  letters: number;
  /** Unix seconds. */
  last: number;
}

const personal = bulks.indexOf('none');

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
  /** By the JSON of their list: most letters come from few people. */
  readonly #alike: Record<How, Map<string, Alike>> = { sent: new Map(), received: new Map() };
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
  note(role: Role | null, { from, to, cc, bcc, bulk }: ReadyMessage, at: number): void {
    if (role !== null && deaf.has(role)) return;
    if (role === 'sent') for (const list of [to, cc, bcc]) this.#letter('sent', list, at);
    else if (bulk === personal) this.#letter('received', from, at);
  }

  flush(): void {
    for (const how of ['sent', 'received'] as const) {
      for (const [list, { letters, last }] of this.#alike[how])
        for (const one of JSON.parse(list) as Address[]) this.#count(one, how, letters, last);
      this.#alike[how].clear();
    }
    for (const [email, { name, sent, received, last }] of this.#seen) {
      this.#rows.add(email, name, wordsOf(email, name), sent, received, last);
    }
    this.#seen.clear();
    this.#rows.flush();
  }

  /** After a rollback. */
  forget(): void {
    this.#alike.sent.clear();
    this.#alike.received.clear();
    this.#seen.clear();
    this.#rows.forget();
  }

  #letter(how: How, list: string | null, at: number): void {
    if (list === null) return;
    const alike = this.#alike[how].get(list);
    if (alike === undefined) this.#alike[how].set(list, { letters: 1, last: at });
    else {
      alike.letters += 1;
      alike.last = Math.max(alike.last, at);
    }
  }

  #count({ name, email }: Address, how: How, letters: number, at: number): void {
    const key = email.trim().toLowerCase();
    if (!key.includes('@') || key.length > 254) return;
    const known = this.#seen.get(key);
    if (known) {
      known[how] += letters;
      if (name !== null && (known.name === null || at > known.last)) known.name = name;
      known.last = Math.max(known.last, at);
      return;
    }
    this.#seen.set(key, { name, sent: 0, received: 0, last: at, [how]: letters });
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
