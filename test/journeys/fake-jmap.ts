import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pageHeaders } from '#door/static.ts';
import type { Invocation } from '#jmap/core.ts';
import type { MailAccount, SyncProgress } from '#jmap/keep.ts';
import { applyPatch } from '#jmap/patch.ts';
import { evaluatePointer, resolveReferences } from '#jmap/references.ts';
import { allRights } from '#model/testing.ts';
import { boxes, lettersOf, type Letter } from './letters.ts';

/** A JMAP server in memory with Ada's mail, and the web app as files, under the real page's headers. For journeys only. */

type Json = Record<string, unknown>;
type Row = Json & {
  id: string;
  threadId: string;
  mailboxIds: Record<string, true>;
  keywords: Record<string, true>;
  receivedAt: string;
};

export interface FakeOptions {
  dist: string;
  /** Conversations in the first account's inbox. */
  conversations?: number;
  /** Three accounts, as in the mock-ups, instead of one. */
  accounts?: number;
  /** How far the accounts' mail is here; all of it. */
  progress?: Partial<SyncProgress>;
  /** What is the matter with an account. */
  standing?: Record<string, Partial<MailAccount>>;
  /** Nobody is signed in until `/auth/sign-in`. */
  signedOut?: boolean;
  more?: Extension;
}

/** What a journey's own kit adds to the server. */
export interface Extension {
  /** Whether an account is there; without it all are. */
  present?(accountId: string): boolean;
  /** More capabilities of an account. */
  capabilities?(accountId: string): Record<string, unknown>;
  /** More states that push tells of an account. */
  states?(accountId: string): Record<string, string>;
  /** More methods; `{error}` is a method error. */
  methods?: Record<string, (accountId: string, args: Record<string, unknown>) => Record<string, unknown>>;
  /** Answers to plain requests; null: not its own. */
  http?(method: string, path: string, body: Buffer): { status: number; value: unknown } | null;
}

export interface Fake extends AsyncDisposable {
  origin: string;
  /** Every call, in order. */
  readonly calls: readonly Invocation[];
  /** A letter arrives in the first account's inbox; the streams hear of it. */
  deliver(letter: Partial<Letter> & { subject: string }): string;
  /** The mail server refuses changes of these emails. */
  readonly refuse: Map<string, string>;
  /** Methods that answer with this error type. */
  readonly broken: Map<string, string>;
  /** Answers nothing at all while true. */
  down: boolean;
  /** 423 until `/auth/unlock` is posted. */
  locked: boolean;
  email(id: string): Row | undefined;
}

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
const bodiesOf = (structure: Json): Json => {
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

const rowOf = (letter: Letter): Row => {
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

interface AccountFacts {
  id: string;
  name: string;
  address: string;
  colour: string;
}

const accountFacts: AccountFacts[] = [
  { id: 'Alindqvist', name: 'Lindqvist', address: 'ada@lindqvist.example', colour: 'patina' },
  { id: 'Agmail', name: 'Gmail', address: 'ada.lindqvist@gmail.example', colour: 'slate' },
  { id: 'Arowing', name: 'Rowing club', address: 'treasurer@ruder.example', colour: 'clay' },
];

/** One account's mail, with states that count. */
class Box {
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

const matches = (row: Row, filter: Json | null): boolean => {
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

class Failure extends Error {
  readonly type: string;
  constructor(type: string) {
    super(type);
    this.type = type;
  }
}

const pickFrom = (row: Json, properties: unknown): Json => {
  if (!Array.isArray(properties)) return row;
  return Object.fromEntries(
    ['id', ...(properties as string[])].filter((name) => Object.hasOwn(row, name)).map((name) => [name, row[name]]),
  );
};

const get = (box: Box, args: Json, all: Json[]): Json => {
  const ids = args['ids'] as string[] | null | undefined;
  const list = ids ? ids.map((id) => all.find((each) => each['id'] === id)).filter((each) => each !== undefined) : all;
  return {
    accountId: box.facts.id,
    state: box.state,
    list: list.map((each) => pickFrom(each, args['properties'])),
    notFound: (ids ?? []).filter((id) => !list.some((each) => each['id'] === id)),
  };
};

const changes = (box: Box, since: string, of: (id: string) => string | null): Json => {
  const from = Number(/^fake-(\d+)$/.exec(since)?.[1] ?? Number.NaN);
  if (Number.isNaN(from)) throw new Failure('cannotCalculateChanges');
  const kinds = new Map<string, string>();
  for (const { id, kind } of box.log.filter((each) => each.seq > from)) {
    const name = of(id);
    if (name !== null && (kinds.get(name) !== 'created' || kind === 'destroyed')) kinds.set(name, kind);
  }
  const ids = (kind: string): string[] => [...kinds].filter(([, each]) => each === kind).map(([id]) => id);
  return {
    accountId: box.facts.id,
    oldState: since,
    newState: box.state,
    hasMoreChanges: false,
    created: ids('created'),
    updated: ids('updated'),
    destroyed: ids('destroyed'),
  };
};

const query = (box: Box, args: Json): Json => {
  const found = box.newest.filter((row) => matches(row, (args['filter'] as Json | null) ?? null));
  const seen = new Set<string>();
  const rows = args['collapseThreads']
    ? found.filter((row) => !seen.has(row.threadId) && seen.add(row.threadId))
    : found;
  let position = Number(args['position'] ?? 0);
  if (typeof args['anchor'] === 'string') {
    const at = rows.findIndex((row) => row.id === args['anchor']);
    if (at < 0) throw new Failure('anchorNotFound');
    position = Math.max(0, at + Number(args['anchorOffset'] ?? 0));
  }
  const limit = Math.min(Number(args['limit'] ?? 500), 500);
  return {
    accountId: box.facts.id,
    queryState: box.state,
    canCalculateChanges: false,
    position,
    ids: rows.slice(position, position + limit).map((row) => row.id),
    total: rows.length,
  };
};

const wholeProgress: SyncProgress = {
  known: 10,
  total: 10,
  reachesTo: null,
  done: true,
  searchable: 10,
  read: 10,
  readTo: null,
};

export const openFake = async (options: FakeOptions): Promise<Fake> => {
  const facts = accountFacts.slice(0, options.accounts ?? 1);
  const all = new Map(
    facts.map((each, index) => [
      each.id,
      new Box(
        each,
        index === 0
          ? lettersOf(options.conversations)
          : lettersOf(0).filter((letter) =>
              index === 1 ? ['camp', 'loans', 'lunch', 'ticket'].includes(letter.thread) : letter.thread === 'camp',
            ),
      ),
    ]),
  );
  const first = all.get('Alindqvist') as Box;
  const calls: Invocation[] = [];
  const streams = new Set<ServerResponse>();
  const refuse = new Map<string, string>();
  const broken = new Map<string, string>();
  let created = 0;
  let signedIn = options.signedOut !== true;
  const fake = { down: false, locked: false };

  const tell = (): void => {
    const changed = Object.fromEntries(
      [...all.values()].map((box) => [
        box.facts.id,
        {
          Email: box.state,
          Mailbox: box.state,
          Thread: box.state,
          EmailSubmission: box.state,
          MailAccount: 'fake-1',
          ...options.more?.states?.(box.facts.id),
        },
      ]),
    );
    for (const stream of streams)
      stream.write(`event: state\ndata: ${JSON.stringify({ '@type': 'StateChange', changed })}\n\n`);
  };

  const emailSet = (box: Box, args: Json): Json => {
    const oldState = box.state;
    const [made, updated, destroyed, notUpdated]: [Json, Json, string[], Json] = [{}, {}, [], {}];
    for (const [key, value] of Object.entries((args['create'] as Json | null) ?? {})) {
      const given = value as Json;
      const id = `Mnew${created++}`;
      const row = {
        ...rowOf({
          id,
          thread: `new${id}`,
          mailbox: 'drafts',
          from: ['Ada Lindqvist', 'ada@lindqvist.example'],
          subject: '',
          text: '',
          at: new Date().toISOString(),
        }),
        ...given,
        ...bodiesOf((given['bodyStructure'] ?? { partId: 'text', type: 'text/plain' }) as Json),
        id,
      } as Row;
      const values = (given['bodyValues'] ?? {}) as Record<string, { value: string }>;
      row['preview'] = Object.values(values)[0]?.value.slice(0, 100) ?? '';
      box.rows.set(id, row);
      box.note(id, 'created');
      made[key] = { id, blobId: row['blobId'], threadId: row.threadId, size: row['size'] };
    }
    for (const [id, patch] of Object.entries((args['update'] as Record<string, Json> | null) ?? {})) {
      const row = box.rows.get(id);
      const no = refuse.get(id);
      const result = row && applyPatch(row, patch);
      if (no) notUpdated[id] = { type: 'forbidden', description: no };
      else if (!result) notUpdated[id] = { type: 'notFound' };
      else if (result.ok) {
        box.rows.set(id, result.value);
        box.note(id, 'updated');
        updated[id] = null;
      } else notUpdated[id] = { type: 'invalidPatch', description: result.description };
    }
    for (const id of (args['destroy'] as string[] | null) ?? []) {
      box.rows.delete(id);
      box.note(id, 'destroyed');
      destroyed.push(id);
    }
    setTimeout(tell, 20);
    return {
      accountId: box.facts.id,
      oldState,
      newState: box.state,
      created: made,
      updated,
      destroyed,
      notCreated: null,
      notUpdated: Object.keys(notUpdated).length > 0 ? notUpdated : null,
      notDestroyed: null,
    };
  };

  const accountOf = ({ facts: { id, name, address, colour } }: Box): Json => ({
    id: 'singleton',
    name,
    address,
    colour,
    position: 0,
    inAllInboxes: true,
    imap: { host: `imap.${address.split('@')[1]}`, port: 993, security: 'tls' },
    smtp: { host: `smtp.${address.split('@')[1]}`, port: 465, security: 'tls' },
    status: { at: 'live' },
    progress: { ...wholeProgress, ...options.progress },
    waiting: 0,
    refusals: [],
    chosenRoles: {},
    ...options.standing?.[id],
    accountId: id,
  });

  const submissions = new Map<string, Json>();
  const methods: Record<string, (box: Box, args: Json) => Json> = {
    'Core/echo': (_, args) => args,
    'Mailbox/get': (box, args) => get(box, args, box.mailboxes()),
    'Mailbox/changes': (box, args) => ({
      ...changes(box, args['sinceState'] as string, () => null),
      updated: boxes.map((each) => each.id),
      updatedProperties: null,
    }),
    'Mailbox/set': (box, args) => {
      const made: Json = {};
      for (const [key, value] of Object.entries((args['create'] as Record<string, Json> | null) ?? {})) {
        box.extra.push({
          id: `box${box.extra.length}`,
          name: String(value['name']),
          role: (value['role'] as string | null) ?? null,
        });
        made[key] = { id: `box${box.extra.length - 1}` };
      }
      box.seq += 1;
      return {
        accountId: box.facts.id,
        oldState: null,
        newState: box.state,
        created: made,
        updated: null,
        destroyed: null,
      };
    },
    'Thread/get': (box, args) =>
      get(
        box,
        args,
        [...new Set(args['ids'] as string[])]
          .map((id) => ({ id, emailIds: box.thread(id).map((row) => row.id) }))
          .filter((each) => each.emailIds.length > 0),
      ),
    'Thread/changes': (box, args) =>
      changes(box, args['sinceState'] as string, (id) => box.rows.get(id)?.threadId ?? null),
    'Email/get': (box, args) => {
      const ids = [...new Set(args['ids'] as string[])];
      if (ids.length > 500) throw new Failure('requestTooLarge');
      return get(
        box,
        { ...args, ids },
        ids.map((id) => box.rows.get(id)).filter((row) => row !== undefined),
      );
    },
    'Email/changes': (box, args) => changes(box, args['sinceState'] as string, (id) => id),
    'Email/query': query,
    'Email/set': emailSet,
    'Identity/get': (box, args) =>
      get(box, args, [
        {
          id: 'I1',
          name: 'Ada Lindqvist',
          email: box.facts.address,
          replyTo: null,
          bcc: null,
          textSignature: '',
          htmlSignature: '',
          mayDelete: false,
        },
      ]),
    'MailAccount/get': (box, args) => ({ ...get(box, { ...args, ids: null }, [accountOf(box)]), state: 'fake-1' }),
    'Correspondent/query': (box, args) => {
      const prefix = String(args['prefix']).toLowerCase();
      const known = new Map(
        box.newest
          .flatMap((row) => row['from'] as { name: string; email: string }[])
          .map((person) => [person.email, person]),
      );
      return {
        accountId: box.facts.id,
        list: [...known.values()]
          .filter((person) =>
            `${person.name} ${person.email}`
              .toLowerCase()
              .split(' ')
              .some((word) => word.startsWith(prefix)),
          )
          .slice(0, 8),
      };
    },
    'EmailSubmission/set': (box, args) => {
      const made: Json = {};
      for (const [key, value] of Object.entries((args['create'] as Record<string, Json> | null) ?? {})) {
        const id = `S${submissions.size}`;
        submissions.set(id, {
          ...value,
          id,
          undoStatus: 'pending',
          sendAt: new Date(Date.now() + 20_000).toISOString(),
          stage: 'held',
        });
        made[key] = { id, undoStatus: 'pending', sendAt: submissions.get(id)?.['sendAt'] };
      }
      const updated: Json = {};
      for (const [id, patch] of Object.entries((args['update'] as Record<string, Json> | null) ?? {})) {
        Object.assign(submissions.get(id) ?? {}, patch);
        updated[id] = null;
      }
      return {
        accountId: box.facts.id,
        oldState: box.state,
        newState: box.state,
        created: made,
        updated,
        destroyed: null,
        notCreated: null,
        notUpdated: null,
        notDestroyed: null,
      };
    },
    'EmailSubmission/get': (box, args) => get(box, args, [...submissions.values()]),
    'EmailSubmission/query': (box) => ({
      accountId: box.facts.id,
      queryState: box.state,
      canCalculateChanges: false,
      position: 0,
      ids: [...submissions.keys()],
      total: submissions.size,
    }),
    'EmailSubmission/changes': (box, args) => changes(box, args['sinceState'] as string, () => null),
  };

  const answerCalls = (given: Invocation[]): Invocation[] => {
    const answers: Invocation[] = [];
    for (const call of given) {
      const [name, raw, id] = call;
      calls.push(call);
      try {
        const no = broken.get(name);
        if (no) throw new Failure(no);
        const resolved = resolveReferences(raw, ({ resultOf, name: of, path }) => {
          const found = answers.find((answer) => answer[2] === resultOf && answer[0] === of);
          return found && evaluatePointer(found[1], path);
        });
        if (!resolved.ok) throw new Failure(resolved.type);
        const box = all.get((resolved.arguments['accountId'] as string | undefined) ?? 'Alindqvist');
        const method = methods[name];
        if (!box) throw new Failure('accountNotFound');
        const added = options.more?.methods?.[name]?.(box.facts.id, resolved.arguments);
        if (added) {
          answers.push('error' in added ? ['error', added['error'] as Json, id] : [name, added, id]);
          continue;
        }
        if (!method) throw new Failure('unknownMethod');
        answers.push([name, method(box, resolved.arguments), id]);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        answers.push(['error', { type: error.type }, id]);
      }
    }
    return answers;
  };

  const body = async (request: IncomingMessage): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  const json = (response: ServerResponse, status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };

  const session = (): Json => {
    const limits = {
      'urn:ietf:params:jmap:core': {
        maxSizeUpload: 50_000_000,
        maxConcurrentUpload: 4,
        maxSizeRequest: 10_000_000,
        maxConcurrentRequests: 4,
        maxCallsInRequest: 16,
        maxObjectsInGet: 500,
        maxObjectsInSet: 500,
        collationAlgorithms: [],
      },
      'urn:ietf:params:jmap:mail': {},
      'urn:ietf:params:jmap:submission': {},
      'urn:postern:params:jmap:keep': {},
    };
    return {
      capabilities: limits,
      accounts: Object.fromEntries(
        facts
          .filter(({ id }) => options.more?.present?.(id) ?? true)
          .map(({ id, address }) => [
            id,
            {
              name: address,
              isPersonal: true,
              isReadOnly: false,
              accountCapabilities: {
                'urn:ietf:params:jmap:mail': {},
                'urn:ietf:params:jmap:submission': {},
                ...options.more?.capabilities?.(id),
              },
            },
          ]),
      ),
      primaryAccounts: {},
      username: 'ada@lindqvist.example',
      apiUrl: '/jmap/api',
      downloadUrl: '',
      uploadUrl: '',
      eventSourceUrl: '',
      state: 'session-1',
    };
  };

  const types: Record<string, string> = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
    '.woff2': 'font/woff2',
  };
  const serveFile = (path: string, response: ServerResponse): void => {
    const file = extname(path) !== '' ? path : path === '/editor/' ? '/editor/index.html' : '/index.html';
    const editor = file.startsWith('/editor/');
    try {
      const bytes = readFileSync(join(options.dist, file));
      const policy = editor
        ? {
            'Content-Security-Policy':
              "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob:; font-src 'self'; sandbox allow-scripts",
          }
        : pageHeaders({ mailOrigin: null });
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'access-control-allow-origin': '*',
        ...policy,
      });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  };

  /** The HTML of a mail as the door serves it, and its height told on the stream as the document would. */
  const serveMail = (request: IncomingMessage, url: URL, response: ServerResponse): void => {
    const [, , account, id] = url.pathname.split('/');
    const row = all.get(account ?? '')?.rows.get(id ?? '');
    const html = ((row?.['html'] as string | null | undefined) ?? '').replaceAll(/<img[^>]*>/g, '');
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
      'x-postern-blocked-images': '1',
    });
    response.end(
      request.method === 'HEAD' ? undefined : `<!doctype html><title>Mail</title><body style="margin:0">${html}`,
    );
    const token = url.searchParams.get('measure');
    if (!token || request.method === 'HEAD') return;
    const told = { token, frame: Number(url.searchParams.get('frame')), height: 260, turn: 1 };
    setTimeout(() => {
      for (const stream of streams) stream.write(`event: height\ndata: ${JSON.stringify(told)}\n\n`);
    }, 60);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const path = url.pathname;
    const api = /^\/(auth|jmap|mail|\.well-known)\b/.test(path);
    if (fake.down && api) return void request.socket.destroy();
    if (!api) return serveFile(path, response);
    if (path === '/auth/unlock') {
      fake.locked = false;
      return json(response, 200, {});
    }
    if (path === '/auth/key') return json(response, 200, { key: Buffer.alloc(32, 9).toString('base64url') });
    if (path === '/auth/sign-in') {
      await body(request);
      signedIn = true;
      return json(response, 200, { user: {}, accounts: [] });
    }
    if (path === '/auth/lock') return void response.writeHead(204).end();
    if (path === '/auth/sign-out') {
      signedIn = false;
      return void response.writeHead(204).end();
    }
    if (!signedIn)
      return json(response, 401, { type: 'unauthenticated', title: 'You are not signed in.', status: 401 });
    if (fake.locked) return json(response, 423, { type: 'locked', title: 'Postern is locked.', status: 423 });
    const added = path.startsWith('/auth/')
      ? options.more?.http?.(request.method ?? 'GET', path, await body(request))
      : null;
    if (added) return json(response, added.status, added.value);
    if (path === '/.well-known/jmap') return json(response, 200, session());
    if (path === '/jmap/api') {
      const given = JSON.parse((await body(request)).toString()) as { methodCalls: Invocation[] };
      return json(response, 200, { methodResponses: answerCalls(given.methodCalls), sessionState: 'session-1' });
    }
    if (path === '/jmap/eventsource') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': here\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return;
    }
    if (path.startsWith('/jmap/upload/')) {
      const bytes = await body(request);
      return json(response, 200, {
        accountId: path.split('/')[3],
        blobId: `U${created++}`,
        type: request.headers['content-type'],
        size: bytes.length,
      });
    }
    if (path.startsWith('/mail/')) return serveMail(request, url, response);
    response
      .writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment' })
      .end('x');
  };

  const server = createServer(
    (request, response) =>
      void handle(request, response).catch((error: unknown) => {
        process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
        response.destroy();
      }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return Object.assign(fake, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    refuse,
    broken,
    email: (id: string) => first.rows.get(id),
    deliver: (letter: Partial<Letter> & { subject: string }) => {
      const id = `Mnews${created++}`;
      first.rows.set(
        id,
        rowOf({
          id,
          thread: id,
          mailbox: 'inbox',
          from: ['Vera Blom', 'vera@blom.example'],
          text: 'News.',
          at: new Date('2025-11-06T09:51:00+01:00').toISOString(),
          ...letter,
        }),
      );
      first.note(id, 'created');
      tell();
      return id;
    },
    [Symbol.asyncDispose]: async () => {
      for (const stream of streams) stream.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
};
