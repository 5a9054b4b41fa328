import { allRights } from '#model/testing.ts';
import { boxes, type Letter } from './letters.ts';

/** The mail of one account of the JMAP server in memory: rows as Email/get tells them, and what can be asked of them. */

export type Json = Record<string, unknown>;
export type Row = Json & {
  id: string;
  threadId: string;
  mailboxIds: Record<string, true>;
  keywords: Record<string, true>;
  receivedAt: string;
};

const people = (list: [string, string][]): { name: string; email: string }[] =>
  list.map(([name, email]) => ({ name, email }));

const part = (id: string, type: string, extra: Json = {}): Json => ({
  partId: null,
  blobId: null,
  size: 0,
  headers: [],
  name: null,
  type,
  charset: 'utf-8',
  disposition: null,
  cid: null,
  language: null,
  location: null,
  subParts: null,
  ...extra,
  ...(id ? { partId: id } : {}),
});

/** What Email/get tells of the parts of a letter that was made here. */
export const bodiesOf = (structure: Json): Json => {
  const leaves = (each: Json): Json[] =>
    ((each['subParts'] as Json[] | undefined) ?? [each]).flatMap((sub) => (sub === each ? [each] : leaves(sub)));
  const all = leaves(structure).map((each) => part('', String(each['type']), each));
  const of = (type: string): Json[] => all.filter((each) => each['partId'] !== null && each['type'] === type);
  const html = of('text/html');
  return {
    textBody: of('text/plain'),
    htmlBody: html.length > 0 ? html : of('text/plain'),
    attachments: all.filter((each) => each['blobId'] !== null),
  };
};

export const rowOf = (letter: Letter): Row => {
  const text = part('1', 'text/plain', { size: letter.text.length });
  const html = part('2', 'text/html', { size: letter.html?.length ?? 0 });
  return {
    id: letter.id,
    blobId: `G${letter.id.slice(1)}`,
    threadId: `T${letter.thread}`,
    mailboxIds: { [letter.mailbox]: true },
    keywords: Object.fromEntries((letter.keywords ?? []).map((keyword) => [keyword, true as const])),
    size: letter.text.length + 800,
    receivedAt: `${new Date(letter.at).toISOString().slice(0, 19)}Z`,
    sentAt: new Date(letter.at).toISOString(),
    headers: [],
    messageId: [`${letter.id}@example`],
    inReplyTo: null,
    references: null,
    sender: null,
    from: people([letter.from]),
    to: people(letter.to ?? [['Ada Lindqvist', 'ada@lindqvist.example']]),
    cc: null,
    bcc: null,
    replyTo: null,
    subject: letter.subject,
    preview: letter.preview ?? letter.text.slice(0, 200).replaceAll('\n', ' '),
    hasAttachment: (letter.attachments?.length ?? 0) > 0,
    textBody: [text],
    htmlBody: [letter.html === undefined ? text : html],
    attachments: (letter.attachments ?? []).map((each, index) =>
      part('', each.type, {
        blobId: `G${letter.id.slice(1)}_${index + 2}`,
        name: each.name,
        size: each.size,
        disposition: 'attachment',
      }),
    ),
    bodyValues: {
      1: { value: letter.text, isEncodingProblem: false, isTruncated: false },
      ...(letter.html === undefined ? {} : { 2: { value: letter.html, isEncodingProblem: false, isTruncated: false } }),
    },
    html: letter.html ?? null,
  };
};

export interface AccountFacts {
  id: string;
  name: string;
  address: string;
  colour: string;
}

export const accountFacts: AccountFacts[] = [
  { id: 'Alindqvist', name: 'Lindqvist', address: 'ada@lindqvist.example', colour: 'patina' },
  { id: 'Agmail', name: 'Gmail', address: 'ada.lindqvist@gmail.example', colour: 'slate' },
  { id: 'Arowing', name: 'Rowing club', address: 'treasurer@ruder.example', colour: 'clay' },
];

/** One account's mail, with states that count. */
export class Box {
  readonly facts: AccountFacts;
  readonly rows = new Map<string, Row>();
  readonly log: { seq: number; id: string; kind: 'created' | 'updated' | 'destroyed' }[] = [];
  readonly extra: { id: string; name: string; role: string | null }[] = [];
  seq = 1;
  #order: Row[] | null = null;

  constructor(facts: AccountFacts, letters: readonly Letter[]) {
    this.facts = facts;
    for (const letter of letters) this.rows.set(letter.id, rowOf(letter));
  }

  get state(): string {
    return `fake-${this.seq}`;
  }

  note(id: string, kind: 'created' | 'updated' | 'destroyed'): void {
    this.seq += 1;
    this.#order = null;
    this.log.push({ seq: this.seq, id, kind });
  }

  /** Newest first. */
  get newest(): Row[] {
    this.#order ??= [...this.rows.values()].toSorted((a, b) => (a.receivedAt < b.receivedAt ? 1 : -1));
    return this.#order;
  }

  thread(id: string): Row[] {
    return this.newest.filter((row) => row.threadId === id).toReversed();
  }

  mailboxes(): Json[] {
    return [...boxes, ...this.extra].map(({ id, name, role }, index) => {
      const inside = this.newest.filter((row) => row.mailboxIds[id]);
      const unread = inside.filter((row) => !row.keywords['$seen']);
      return {
        id,
        name,
        role,
        parentId: null,
        sortOrder: index,
        isSubscribed: true,
        totalEmails: inside.length,
        unreadEmails: unread.length,
        totalThreads: new Set(inside.map((row) => row.threadId)).size,
        unreadThreads: new Set(unread.map((row) => row.threadId)).size,
        myRights: allRights,
      };
    });
  }
}

const textOf = (row: Row): string =>
  JSON.stringify([row['subject'], row['from'], row['preview'], row['bodyValues']]).toLowerCase();

export const matches = (row: Row, filter: Json | null): boolean => {
  if (!filter) return true;
  if (typeof filter['operator'] === 'string') {
    const all = (filter['conditions'] as Json[]).map((each) => matches(row, each));
    if (filter['operator'] === 'AND') return all.every(Boolean);
    return filter['operator'] === 'OR' ? all.some(Boolean) : !all.some(Boolean);
  }
  const has = (name: string): boolean => Object.hasOwn(filter, name);
  const inText = (value: unknown, wanted: string): boolean =>
    JSON.stringify(value ?? '')
      .toLowerCase()
      .includes(String(filter[wanted]).toLowerCase());
  return (
    (!has('inMailbox') || row.mailboxIds[filter['inMailbox'] as string] === true) &&
    (!has('inMailboxOtherThan') ||
      Object.keys(row.mailboxIds).some((id) => !(filter['inMailboxOtherThan'] as string[]).includes(id))) &&
    (!has('hasKeyword') || row.keywords[filter['hasKeyword'] as string] === true) &&
    (!has('notKeyword') || !row.keywords[filter['notKeyword'] as string]) &&
    (!has('hasAttachment') || row['hasAttachment'] === filter['hasAttachment']) &&
    (!has('before') || row.receivedAt < (filter['before'] as string)) &&
    (!has('after') || row.receivedAt >= (filter['after'] as string)) &&
    (!has('minSize') || (row['size'] as number) >= (filter['minSize'] as number)) &&
    (!has('from') || inText(row['from'], 'from')) &&
    (!has('to') || inText(row['to'], 'to')) &&
    (!has('header') || (row['messageId'] as string[])[0] === (filter['header'] as string[])[1]) &&
    (!has('subject') || inText(row['subject'], 'subject')) &&
    (!has('text') || textOf(row).includes(String(filter['text']).toLowerCase()))
  );
};
