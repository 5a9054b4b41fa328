import type { MailAccount, SyncProgress } from '#jmap/keep.ts';
import { applyPatch } from '#jmap/patch.ts';
import { bodiesOf, type Box, type Json, matches, type Row, rowOf } from './fake-mail.ts';
import { boxes } from './letters.ts';

/** What the JMAP server in memory answers to each method. */

export class Failure extends Error {
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

export interface MethodParts {
  /** How far the accounts' mail is here; all of it. */
  progress?: Partial<SyncProgress>;
  /** What is the matter with an account. */
  standing?: Record<string, Partial<MailAccount>>;
  /** The mail server refuses changes of these emails. */
  refuse: ReadonlyMap<string, string>;
  /** The streams are to hear that something changed. */
  changed: () => void;
}

export type Methods = Record<string, (box: Box, args: Json) => Json>;

export const openMethods = ({ progress, standing, refuse, changed }: MethodParts): Methods => {
  let created = 0;
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
    setTimeout(changed, 20);
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
    progress: { ...wholeProgress, ...progress },
    waiting: 0,
    refusals: [],
    chosenRoles: {},
    ...standing?.[id],
    accountId: id,
  });

  const submissions = new Map<string, Json>();
  return {
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
};
