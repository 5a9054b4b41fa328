import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestAuthority } from './tls.ts';

/** How the issuer behaves; may be changed while it runs. */
export interface Manners {
  /** A refresh token serves once, and a second use ends the grant (RFC 9700 §4.14). */
  rotate: boolean;
  /** `expires_in` of access tokens, seconds. */
  lifeSeconds: number;
  /** Takes the place of the next answers of the token endpoint. */
  hostile: ((request: IncomingMessage, answer: ServerResponse) => void) | null;
  /** `iss` of the answer to the browser; null: none. */
  iss: string | null;
  /** More members of the metadata. */
  metadata: Record<string, unknown>;
}

interface Grant {
  user: string;
  refresh: string;
  former: Set<string>;
  revoked: boolean;
}

/** A small OAuth2 authorization server: RFC 6749 with PKCE, RFC 8414 metadata, RFC 7662 introspection. */
export interface Issuer extends AsyncDisposable {
  /** `https://localhost:PORT` */
  url: string;
  port: number;
  manners: Manners;
  client: { id: string; secret: string };
  /** Forms that the token endpoint was sent. */
  asked: URLSearchParams[];
  /** Access tokens given out, newest last. */
  given: string[];
  /** Signs a user in as the page of the issuer would, from the URL the browser was sent to; where it is sent back. */
  consent(url: string, user: string): URL;
  /** The user takes back what he permitted: every token of his is void. */
  revoke(user: string): void;
  /** Whether this access token is good for this user now. */
  takes(user: string, token: string): boolean;
  /** Access tokens are over, as if their time had come; refresh tokens go on. */
  expire(): void;
}

const form = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
};

const secretOf = (request: IncomingMessage, sent: URLSearchParams): string | null => {
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (basic === undefined) return sent.get('client_secret');
  return decodeURIComponent(Buffer.from(basic, 'base64').toString('utf8').split(':')[1] ?? '');
};

/** `/authorize` is a page with one field, the user. Nothing else is asked: who comes to it is believed. */
export const openIssuer = async (authority: TestAuthority): Promise<Issuer> => {
  const { cert, key } = authority.issue(['localhost', '127.0.0.1']);
  const client = { id: 'postern', secret: 'a secret/of+the&operator' };
  const codes = new Map<string, { user: string; challenge: string; redirectUri: string }>();
  const grants: Grant[] = [];
  const access = new Map<string, { grant: Grant; until: number }>();
  const asked: URLSearchParams[] = [];
  const given: string[] = [];
  const manners: Manners = { rotate: true, lifeSeconds: 3_600, hostile: null, iss: null, metadata: {} };
  let url = '';

  const json = (answer: ServerResponse, status: number, body: unknown): void => {
    answer.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    answer.end(JSON.stringify(body));
  };

  const consent = (to: string, user: string): URL => {
    const { searchParams } = new URL(to);
    const redirectUri = searchParams.get('redirect_uri') ?? '';
    const code = randomBytes(16).toString('hex');
    codes.set(code, { user, challenge: searchParams.get('code_challenge') ?? '', redirectUri });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', searchParams.get('state') ?? '');
    if (manners.iss !== null) back.searchParams.set('iss', manners.iss);
    return back;
  };

  const grantFor = (sent: URLSearchParams): Grant | string => {
    if (sent.get('grant_type') === 'authorization_code') {
      const code = sent.get('code') ?? '';
      const known = codes.get(code);
      codes.delete(code);
      const challenge = createHash('sha256')
        .update(sent.get('code_verifier') ?? '')
        .digest('base64url');
      if (!known || known.challenge !== challenge || known.redirectUri !== sent.get('redirect_uri'))
        return 'the code does not fit';
      const grant = { user: known.user, refresh: '', former: new Set<string>(), revoked: false };
      grants.push(grant);
      return grant;
    }
    const token = sent.get('refresh_token') ?? '';
    const reused = grants.find(({ former }) => former.has(token));
    if (reused) reused.revoked = true;
    const grant = grants.find(({ refresh, revoked }) => refresh === token && !revoked);
    return grant ?? 'the token was revoked';
  };

  const token = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const sent = await form(request);
    asked.push(sent);
    if (manners.hostile) {
      manners.hostile(request, answer);
      return;
    }
    if (secretOf(request, sent) !== client.secret || sent.get('client_id') !== client.id) {
      json(answer, 401, { error: 'invalid_client' });
      return;
    }
    const grant = grantFor(sent);
    if (typeof grant === 'string') {
      json(answer, 400, { error: 'invalid_grant', error_description: grant });
      return;
    }
    if (manners.rotate || grant.refresh === '') {
      if (grant.refresh !== '') grant.former.add(grant.refresh);
      grant.refresh = `refresh-${randomBytes(12).toString('hex')}`;
    }
    const fresh = `access-${randomBytes(12).toString('hex')}`;
    access.set(fresh, { grant, until: Date.now() + manners.lifeSeconds * 1_000 });
    given.push(fresh);
    json(answer, 200, {
      access_token: fresh,
      token_type: 'Bearer',
      expires_in: manners.lifeSeconds,
      ...(manners.rotate || sent.has('code') ? { refresh_token: grant.refresh } : {}),
      nested: { access_token: 'not this one', list: ['}', '"', { a: [] }] },
    });
  };

  const userOf = (bearer: string): string | null => {
    const known = access.get(bearer);
    return known && known.until > Date.now() && !known.grant.revoked ? known.grant.user : null;
  };

  /** RFC 7662, as Dovecot's `introspection_mode = auth` asks: a GET with the token, or in Authorization. */
  const introspect = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const sent = request.method === 'POST' ? await form(request) : new URL(request.url ?? '', url).searchParams;
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const known = access.get(bearer ?? sent.get('token') ?? '');
    const active = known !== undefined && known.until > Date.now() && !known.grant.revoked;
    json(
      answer,
      active ? 200 : 401,
      active ? { active, username: known.grant.user, email: known.grant.user } : { active },
    );
  };

  const page = (request: IncomingMessage, answer: ServerResponse): void => {
    const here = new URL(request.url ?? '', url);
    const user = here.searchParams.get('user');
    if (user !== null) {
      answer.writeHead(303, { location: consent(here.href, user).href }).end();
      return;
    }
    const hidden = [...here.searchParams]
      .map(([name, value]) => `<input type="hidden" name="${name}" value="${value.replaceAll('"', '&quot;')}">`)
      .join('');
    answer.writeHead(200, { 'content-type': 'text/html' });
    answer.end(
      `<!doctype html><title>House</title><form action="/authorize">${hidden}<label>User <input name="user" value="${here.searchParams.get('login_hint') ?? ''}"></label><button>Allow</button></form>`,
    );
  };

  const server = createServer({ cert, key }, (request, answer) => {
    const { pathname } = new URL(request.url ?? '', 'https://localhost');
    if (pathname === '/token') void token(request, answer);
    else if (pathname === '/introspect') void introspect(request, answer);
    else if (pathname === '/authorize') page(request, answer);
    else if (pathname === '/.well-known/oauth-authorization-server')
      json(answer, 200, {
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        code_challenge_methods_supported: ['S256'],
        ...manners.metadata,
      });
    else json(answer, 404, {});
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  url = `https://localhost:${port}`;
  return {
    url,
    port,
    manners,
    client,
    asked,
    given,
    consent,
    revoke: (user) => grants.filter((grant) => grant.user === user).forEach((grant) => (grant.revoked = true)),
    takes: (user, token) => userOf(token) === user,
    expire: () => access.clear(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
