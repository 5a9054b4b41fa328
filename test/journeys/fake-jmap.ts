import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pageHeaders } from '#door/static.ts';
import type { Invocation } from '#jmap/core.ts';
import { evaluatePointer, resolveReferences } from '#jmap/references.ts';
import { accountFacts, Box, type Json, type Row, rowOf } from './fake-mail.ts';
import { Failure, type MethodParts, openMethods } from './fake-methods.ts';
import { type Letter, lettersOf } from './letters.ts';

/** A JMAP server in memory with Ada's mail, and the web app as files, under the real page's headers. For journeys only. */

export interface FakeOptions extends Pick<MethodParts, 'progress' | 'standing'> {
  dist: string;
  /** Conversations in the first account's inbox. */
  conversations?: number;
  /** Three accounts, as in the mock-ups, instead of one. */
  accounts?: number;
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

  const methods = openMethods({ ...options, refuse, changed: tell });

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
