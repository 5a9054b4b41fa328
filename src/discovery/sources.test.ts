import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHostName, parseAddress } from './address.ts';
import { appPasswordSteps } from './app-password-steps.ts';
import { parseAutoconfig } from './autoconfig.ts';
import { loginOf } from './offer.ts';
import { providerOfHost, providers } from './providers.ts';
import { domainsOfExchange } from './sources.ts';

test('F6 the domains of an exchange: its parent and its registered name, never a name that anybody may register below', () => {
  assert.deepEqual(domainsOfExchange('mx1.mail.hoster.example'), ['mail.hoster.example', 'hoster.example']);
  assert.deepEqual(domainsOfExchange('mx.hoster.co.uk'), ['hoster.co.uk']);
  assert.deepEqual(domainsOfExchange('hoster.co.uk'), []);
  assert.deepEqual(domainsOfExchange('mx.gmx.de'), ['gmx.de']);
  assert.deepEqual(domainsOfExchange('localhost'), []);
});

test('F7 host names in a stranger’s document are names: no address, no port, no control character', () => {
  for (const good of ['imap.example.org', 'a-b.example', '_x.example.org', 'xn--bcher-kva.example'])
    assert.equal(isHostName(good), true, good);
  for (const bad of [
    '',
    'localhost',
    '127.0.0.1',
    '[::1]',
    'a b.example',
    'a.example:1',
    '-a.example',
    'a..example',
    'é.example',
    `${'a'.repeat(64)}.example`,
  ])
    assert.equal(isHostName(bad), false, bad);
});

test('F3 the login is made as the document says, in lower case', () => {
  const who = parseAddress('Ada.B@Example.org')!;
  assert.equal(loginOf('%EMAILADDRESS%', who), 'ada.b@example.org');
  assert.equal(loginOf('%EMAILLOCALPART%', who), 'ada.b');
  assert.equal(loginOf('%EMAILDOMAIN%\\%EMAILLOCALPART%', who), 'example.org\\ada.b');
});

test('F3 servers without TLS and of other protocols are left out, TLS from the first byte comes first', () => {
  const server = (type: string, host: string, port: number, socket: string, login = '%EMAILADDRESS%') =>
    `<${type === 'smtp' ? 'outgoing' : 'incoming'}Server type="${type}"><hostname>${host}</hostname><port>${port}</port><socketType>${socket}</socketType><username>${login}</username></${type === 'smtp' ? 'outgoing' : 'incoming'}Server>`;
  const document = (inside: string): string =>
    `<clientConfig version="1.1"><emailProvider id="x">${inside}</emailProvider></clientConfig>`;
  const found = parseAutoconfig(
    document(
      server('pop3', 'pop.x.example', 995, 'SSL') +
        server('imap', 'plain.x.example', 143, 'plain') +
        server('imap', 'imap.x.example', 143, 'STARTTLS', '%EMAILLOCALPART%') +
        server('imap', 'IMAP.x.example', 993, 'SSL') +
        server('smtp', 'smtp.x.example', 587, 'STARTTLS') +
        '<enable visiturl="javascript:alert(1)"/>',
    ),
    'x.example',
  );
  assert.deepEqual(
    found?.imap.map(({ host, port }) => `${host}:${port}`),
    ['imap.x.example:993', 'imap.x.example:143'],
  );
  assert.deepEqual([found?.smtp.length, found?.enableUrl, found?.onlyOAuth], [1, null, false]);
  assert.equal(parseAutoconfig(document(server('imap', 'a.example', 0, 'SSL')), 'x'), null);
  assert.equal(
    parseAutoconfig(document(server('imap', 'imap.x.example', 993, 'SSL', '\u0001')), 'x')?.login ?? null,
    null,
  );
});

test('the table says how an app password is made wherever one is wanted and there is a page for it', () => {
  for (const provider of providers.filter(({ appPasswordUrl }) => appPasswordUrl !== null))
    assert.ok(provider.steps.length >= 2, provider.id);
  assert.equal(providerOfHost('imap.gmail.com')?.id, 'gmail');
  assert.deepEqual(appPasswordSteps('posteo'), []);
});
