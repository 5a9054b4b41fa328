import { openDovecot } from '#village/dovecot.ts';
import { openFolder } from './postern.ts';
import { serve } from './process.ts';
import { raw } from './raw-http.ts';
await using village = await openDovecot();
using folder = openFolder();
await using postern = await serve(village, folder.path);
const { browser, url } = postern;
const alice = village.users[0]!;
console.log((await browser.signIn(alice.address, alice.password)).status);
const cookie = browser.cookies('/');
const host = new URL(url).host;
const show = async (name: string, req: string | Buffer) => {
  const a = await raw(url, req);
  console.log(name.padEnd(30), a.status, a.headers.get('content-type'), JSON.stringify(a.body.slice(0, 130)));
};
const req = (line: string, more = '', body = '') =>
  `${line} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nOrigin: ${url}\r\nConnection: close\r\n${more}\r\n${body}`;
await show('garbage', 'hello\r\n\r\n');
await show('huge header', req('GET /auth/session', `X-A: ${'a'.repeat(100000)}\r\n`));
await show('many headers', req('GET /auth/session', Array.from({ length: 3000 }, (_, i) => `X${i}: 1\r\n`).join('')));
await show('huge path', req(`GET /${'a'.repeat(10000)}`));
await show('bad percent', req(`GET /jmap/download/${browser.account}/G1/%ff%zz`));
await show('no host', `GET / HTTP/1.1\r\n\r\n`);
await show('bad host', `GET / HTTP/1.1\r\nHost: a b\r\n\r\n`);
await show('host userinfo', `GET / HTTP/1.1\r\nHost: x@localhost\r\n\r\n`);
await show('host path', `GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n`);
await show('evil host', `GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
await show('evil host2', `GET /auth/session HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
await show('http/1.0', `GET /healthz HTTP/1.0\r\n\r\n`);
await show('http/1.0', `GET /auth/session HTTP/1.0\r\n\r\n`);
await show('http/9', `GET /healthz HTTP/9.9\r\n\r\n`);
await show('absolute', `GET http://evil.example/auth/session HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
await show(
  'absolute host',
  `GET ftp://evil.example/auth/session HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
);
await show('star', req(`OPTIONS *`));
await show('connect', req(`CONNECT evil:80`));
await show('trace', req(`TRACE /`));
await show('upgrade', req(`GET /`, 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
await show('expect', req(`POST /jmap/api`, 'Expect: 200-ok\r\nContent-Length: 2\r\n', '{}'));
await show('bad cl', req(`POST /jmap/api`, 'Content-Length: -2\r\n', '{}'));
await show('two cl', req(`POST /jmap/api`, 'Content-Length: 2\r\nContent-Length: 3\r\n', '{}'));
await show('cl+te', req(`POST /jmap/api`, 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '{}'));
await show('te bad chunk', req(`POST /jmap/api`, 'Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'));
await show('nul path', req(`GET /a\0b`));
await show('dots', req(`GET /../../../../etc/passwd`));
await show('dots2', req(`GET /assets/..%2f..%2f..%2fetc%2fpasswd`));
await show('dots3', req(`GET /assets/%2e%2e/%2e%2e/etc/passwd.txt`));
await show('dots4', req(`GET /..\\..\\etc/passwd.txt`));
await show('dots5', req(`GET //etc/passwd.txt`));
await show('proto', req(`GET /__proto__.txt`));
await show('dl', req(`GET /jmap/download/${browser.account}/..%2f..%2fetc%2fpasswd/x`));
await show('dl', req(`GET /jmap/download/${browser.account}/../../etc/passwd`));
await show('dl', req(`GET /jmap/download/__proto__/G1/x`));
await show('dl', req(`GET /jmap/download/${browser.account}/G${'z'.repeat(8000)}/x`));
await show('dl', req(`GET /jmap/download/${browser.account}/G1_${'1_'.repeat(4000)}1/x`));
await show('dl', req(`GET /jmap/download/${browser.account}/G1`));
await show('mail', req(`GET /mail/x/y/z`));
for (const p of [
  '/auth/sign-in',
  '/auth/sign-out',
  '/auth/lock',
  '/auth/unlock',
  '/auth/session',
  '/auth/key',
  '/auth/tokens',
  '/auth/tokens/x',
  '/auth/discover',
  '/.well-known/jmap',
  '/jmap/api',
  '/jmap/eventsource',
  `/jmap/upload/${browser.account}`,
  `/jmap/download/${browser.account}/G1/x`,
  '/healthz',
  '/metrics',
  '/out',
  '/mail/img/x/1',
  '/mail/m/x/1',
  '/mail/height/x',
  '/mail/document/x',
  `/mail/${browser.account}/M1`,
  '/',
])
  for (const m of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND']) {
    if (p === '/auth/sign-out' || p === '/auth/lock' || (p === '/jmap/eventsource' && m === 'GET')) continue;
    await show(
      m + ' ' + p.slice(0, 25),
      req(m + ' ' + p, m === 'GET' || m === 'HEAD' || m === 'OPTIONS' ? '' : 'Content-Length: 0\r\n'),
    );
  }
console.log(postern.said);
