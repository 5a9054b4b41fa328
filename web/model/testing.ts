import { type StillClock, stillClock } from '#base/clock.testkit.ts';
import type { Account, Invocation } from '#jmap/core.ts';
import type { AccountId } from '#jmap/ids.ts';
import type { EmailSubmission, MailboxRights } from '#jmap/mail.ts';
import { evaluatePointer, resolveReferences } from '#jmap/references.ts';
import { openConnection, type Connection } from './connection.ts';
import type { EmailHead } from './types.ts';

/** A server of a few lines for the tests of this room. */

type Answer = Record<string, unknown> | { error: string };
export type Handlers = Record<string, (args: Record<string, unknown>) => Answer | Promise<Answer>>;

export interface FakeServer {
  connection: Connection;
  clock: StillClock;
  /** Requests to `/jmap/api`, each with its calls. */
  requests: Invocation[][];
  /** Paths of all requests. */
  paths: string[];
  /** Answered before the handlers are asked: a status, or `null` for no answer at all. */
  next: (number | null)[];
  /** The answer to a file. */
  uploads(): Promise<Response>;
  /** Whether the answer to these calls gets lost once they were carried out. */
  loses: (calls: readonly Invocation[]) => boolean;
}

export const fakeServer = (handlers: Handlers, maxCalls?: number): FakeServer => {
  const requests: Invocation[][] = [];
  const paths: string[] = [];
  const next: (number | null)[] = [];
  const clock = stillClock();
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    init.signal?.throwIfAborted();
    paths.push(url);
    const status = next.length > 0 ? next.shift() : 200;
    if (status === null) throw new TypeError('no line');
    if (status !== 200) return new Response('{}', { status: status ?? 500 });
    if (url.startsWith('/jmap/upload/')) return server.uploads();
    if (url !== '/jmap/api') return new Response('{}');
    const { methodCalls } = JSON.parse(init.body as string) as { methodCalls: Invocation[] };
    requests.push(methodCalls);
    const methodResponses: Invocation[] = [];
    for (const [name, raw, id] of methodCalls) {
      const resolved = resolveReferences(raw, ({ resultOf, name: of, path }) => {
        const found = methodResponses.find((each) => each[2] === resultOf && each[0] === of);
        return found && evaluatePointer(found[1], path);
      });
      const answer = resolved.ok ? await handlers[name]?.(resolved.arguments) : { error: resolved.type };
      if (!answer) methodResponses.push(['error', { type: 'unknownMethod' }, id]);
      else if ('error' in answer) methodResponses.push(['error', { type: answer.error }, id]);
      else methodResponses.push([name, answer, id]);
    }
    if (server.loses(methodCalls)) throw new TypeError('the line broke');
    return Response.json({ methodResponses, sessionState: 's' });
  };
  const connection = openConnection({ fetch, clock, ...(maxCalls === undefined ? {} : { maxCalls }) });
  const server: FakeServer = {
    connection,
    clock,
    requests,
    paths,
    next,
    uploads: () => Promise.resolve(new Response('{}')),
    loses: () => false,
  };
  return server;
};

/** All promises that are ready, and those they make ready. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setTimeout(resolve, 0));
};

export const accountId = 'A1' as AccountId;
export const account: Account = {
  name: 'ada@lindqvist.example',
  isPersonal: true,
  isReadOnly: false,
  accountCapabilities: {},
};

export const head = (id: string, more: Record<string, unknown> = {}): EmailHead =>
  ({
    id,
    threadId: `T${id}`,
    mailboxIds: { inbox: true },
    keywords: { $seen: true },
    from: [{ name: 'Bo', email: 'bo@alm.example' }],
    to: [{ name: null, email: 'ada@lindqvist.example' }],
    subject: `Subject of ${id}`,
    receivedAt: '2025-11-06T08:00:00Z',
    preview: 'Words',
    hasAttachment: false,
    size: 1000,
    ...more,
  }) as unknown as EmailHead;

/** A mailbox of `count` single messages `M0`, `M1` ... newest first, that may be changed while it is looked at. */
export const fakeMailbox = (count: number) => {
  const rows = Array.from({ length: count }, (_, index) => head(`M${index}`));
  const byId = (id: unknown): EmailHead | undefined => rows.find((row) => row.id === id);
  const inside = (box: string): EmailHead[] => rows.filter((row) => Object.hasOwn(row.mailboxIds, box));
  const handlers: Handlers = {
    'Email/query': (args) => {
      const all = inside(String((args['filter'] as { inMailbox?: string } | null)?.inMailbox ?? 'inbox'));
      let position = Number(args['position'] ?? 0);
      if (args['anchor'] !== undefined) {
        const at = all.findIndex((row) => row.id === args['anchor']);
        if (at < 0) return { error: 'anchorNotFound' };
        position = Math.max(0, at + Number(args['anchorOffset'] ?? 0));
      }
      const ids = all.slice(position, position + Number(args['limit'])).map((row) => row.id);
      return { accountId, queryState: 'q', canCalculateChanges: false, position, ids, total: all.length };
    },
    'Email/get': (args) => {
      const ids = args['ids'] as string[];
      return { accountId, state: '1', list: ids.map(byId).filter(Boolean), notFound: ids.filter((id) => !byId(id)) };
    },
    'Thread/get': (args) => {
      const ids = [...new Set(args['ids'] as string[])];
      const list = ids.map((id) => ({ id, emailIds: rows.filter((row) => row.threadId === id).map((row) => row.id) }));
      return { accountId, state: '1', list, notFound: [] };
    },
    'Mailbox/get': () => ({ accountId, state: '1', list: [], notFound: [] }),
  };
  return { rows, handlers, byId };
};

/** A submission `S1` that is held, as the server tells of it. */
export const submission = (more: Record<string, unknown> = {}): EmailSubmission & Record<string, unknown> => ({
  ...({
    id: 'S1',
    emailId: 'M1',
    sendAt: '2025-11-06T08:50:20Z',
    undoStatus: 'pending',
    deliveryStatus: null,
    stage: 'held',
    tries: 0,
    nextTryAt: null,
    words: null,
  } as unknown as EmailSubmission),
  ...more,
});

/** Everything may be done with a mailbox. */
export const allRights: MailboxRights = {
  mayReadItems: true,
  mayAddItems: true,
  mayRemoveItems: true,
  maySetSeen: true,
  maySetKeywords: true,
  mayCreateChild: true,
  mayRename: true,
  mayDelete: true,
  maySubmit: true,
};
