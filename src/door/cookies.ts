import type { SessionSecrets } from '#vault/keeper.ts';
import type { Links } from '#mailroom/links.ts';
import type { Head, Peer } from './peer.ts';

/**
 * session = token, base64url; sent with every request.
 * key = unlock key, base64url; sent to /auth/unlock only.
 * known = tags of names that have signed in from this browser, with dots between; sent to /auth/sign-in only.
 */
const unlockPath = '/auth/unlock';
const signInPath = '/auth/sign-in';

const nameOf = (peer: Peer, cookie: 'session' | 'key' | 'known'): string => {
  const plain = { session: 'postern', key: 'postern-key', known: 'postern-known' }[cookie];
  if (!peer.secure) return plain;
  return cookie === 'session' ? `__Host-${plain}` : `__Secure-${plain}`;
};

const valueOf = (request: Head, name: string): string | null => {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const [key = '', ...value] = pair.trim().split('=');
    if (key === name) return value.join('=');
  }
  return null;
};

const readKey = (request: Head, name: string): Buffer | null => {
  const bytes = Buffer.from(valueOf(request, name) ?? '', 'base64url');
  return bytes.length === 32 ? bytes : null;
};

export const readToken = (request: Head, peer: Peer): Buffer | null => readKey(request, nameOf(peer, 'session'));

export const readUnlockKey = (request: Head, peer: Peer): Buffer | null => readKey(request, nameOf(peer, 'key'));

/** The names somebody goes by, each with its tag. */
export const readKnown = (request: Head, peer: Peer, links: Links, name: string): boolean =>
  (valueOf(request, nameOf(peer, 'known')) ?? '').split('.').some((tag) => links.isTag('known', name, tag));

const cookie = (peer: Peer, name: string, value: string, path: string, maxAge: number | null): string =>
  [
    `${name}=${value}`,
    `Path=${path}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(peer.secure ? ['Secure'] : []),
    ...(maxAge === null ? [] : [`Max-Age=${maxAge}`]),
  ].join('; ');

/** `maxAge` in seconds, null: until the browser ends. The secrets are wiped; without `withKey` the unlock key is thrown away. */
export const setSession = (
  headers: Headers,
  peer: Peer,
  secrets: SessionSecrets,
  maxAge: number | null,
  withKey = true,
): void => {
  const put = (name: string, bytes: Buffer, path: string): void =>
    headers.append('Set-Cookie', cookie(peer, name, bytes.toString('base64url'), path, maxAge));
  put(nameOf(peer, 'session'), secrets.token, '/');
  if (withKey) put(nameOf(peer, 'key'), secrets.unlockKey, unlockPath);
  else clearKey(headers, peer);
  secrets.token.fill(0);
  secrets.unlockKey.fill(0);
};

const clearKey = (headers: Headers, peer: Peer): void =>
  headers.append('Set-Cookie', cookie(peer, nameOf(peer, 'key'), '', unlockPath, 0));

export const clearSession = (headers: Headers, peer: Peer): void => {
  headers.append('Set-Cookie', cookie(peer, nameOf(peer, 'session'), '', '/', 0));
  clearKey(headers, peer);
};

const year = 365 * 86_400;

export const setKnown = (headers: Headers, peer: Peer, links: Links, names: readonly string[]): void => {
  const tags = names.map((name) => links.tag('known', name)).join('.');
  headers.append('Set-Cookie', cookie(peer, nameOf(peer, 'known'), tags, signInPath, year));
};
