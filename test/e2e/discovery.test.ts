import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { folderIspdb } from '#discovery/ispdb.ts';
import { clientConfig, type Finder, type Net, openFinder, openNet, type Page } from './discovery-world.ts';

const here = { A: ['127.0.0.1'] };
const autoconfigPath = '/mail/config-v1.1.xml';
const wellKnownPath = '/.well-known/autoconfig/mail/config-v1.1.xml';
const paccPath = '/.well-known/user-agent-configuration.json';

const domains = ['shop', 'club', 'pacc', 'srv', 'byname', 'staff', 'evil', 'hosted'];
const web = domains.flatMap((name) => [`${name}.test`, `autoconfig.${name}.test`, `ua-auto-config.${name}.test`]);
const mailNames = domains.flatMap((name) => [`imap.${name}.test`, `smtp.${name}.test`, `mail.${name}.test`]);

let net: Net;
let finder: Finder;
let imap: number;
let smtp: number;

const says =
  (body: string | Buffer, type = 'text/xml'): Page =>
  (_request, answer) =>
    answer.writeHead(200, { 'content-type': type }).end(body);
const leads =
  (to: string): Page =>
  (_request, answer) =>
    answer.writeHead(302, { location: to }).end();
const at = (host: string, port: number) => ({ host, port });
const settingsFor = (domain: string) => clientConfig(domain, at(`imap.${domain}`, imap), at(`smtp.${domain}`, smtp));

before(async () => {
  const zones = Object.fromEntries(
    [...web, ...mailNames, 'db.isp.test', 'mx.bighost.test'].map((name) => [name, here]),
  );
  net = await openNet(zones, [...web, 'db.isp.test', 'autoconfig.bighost.test']);
  imap = await net.mail('imap', mailNames);
  smtp = await net.mail('smtp', mailNames);
  finder = await openFinder(net, { open: ['*.test'], ispdb: 'https://db.isp.test/v1.1' });
});
after(async () => {
  await finder[Symbol.asyncDispose]();
  await net[Symbol.asyncDispose]();
});
beforeEach(() => {
  net.pages.clear();
  net.requests.length = 0;
});

test('F3 what a domain publishes by autoconfig is found and proven, with the login it names', async () => {
  net.pages.set(
    `autoconfig.shop.test${autoconfigPath}`,
    says(clientConfig('shop.test', at('imap.%EMAILDOMAIN%', imap), at('smtp.shop.test', smtp), '', '%EMAILLOCALPART%')),
  );
  const { settings, vias, steps } = await finder.ask('Ada@shop.test');
  assert.equal(settings?.source, 'autoconfig');
  assert.deepEqual(
    [settings.imap.host, settings.imap.port, settings.imap.username, settings.imap.proven, settings.smtp.proven],
    ['imap.shop.test', imap, 'ada', true, true],
  );
  assert.deepEqual([settings.foreign, settings.loginUnsure, settings.oauth], [false, false, null]);
  assert.equal(vias['autoconfig'], 'found');
  assert.equal(vias['pacc'], 'nothing');
  assert.deepEqual(
    steps
      .filter((step) => step.step === 'incoming' && step.state === 'proven')
      .map((step) => 'host' in step && step.host),
    ['imap.shop.test'],
  );
});

test('F8 the local part leaves only where the operator permits it', async () => {
  await finder.ask('secret.name@club.test');
  assert.ok(net.requests.some((request) => request === `autoconfig.club.test ${autoconfigPath}`));
  assert.equal(JSON.stringify([net.requests, net.dns.asked]).includes('secret'), false);
  await using telling = await openFinder(net, { open: ['*.test'], tellAddress: true });
  await telling.ask('ada@club.test');
  assert.ok(net.requests.includes(`autoconfig.club.test ${autoconfigPath}?emailaddress=ada%40club.test`));
});

test('F2 PACC needs its digest in DNS, and comes before autoconfig', async () => {
  const document = JSON.stringify({
    protocols: { imap: { host: 'mail.pacc.test', port: imap }, smtp: { host: 'mail.pacc.test', port: smtp } },
    authentication: { 'oauth-public': { issuer: 'https://id.house.test/' }, password: true },
  });
  net.pages.set(`ua-auto-config.pacc.test${paccPath}`, says(document, 'application/json'));
  net.pages.set(`autoconfig.pacc.test${autoconfigPath}`, says(settingsFor('pacc.test')));
  const without = await finder.ask('a@pacc.test');
  assert.equal(without.settings?.source, 'autoconfig');
  const digest = createHash('sha256').update(document).digest('base64');
  net.dns.zones.set('_ua-auto-config.pacc.test', { TXT: ['other', `v=UAAC1; a=sha256; d=${digest}`] });
  await using fresh = await openFinder(net, { open: ['*.test'] });
  const { settings } = await fresh.ask('a@pacc.test');
  assert.deepEqual([settings?.source, settings?.imap.host], ['pacc', 'mail.pacc.test']);
  assert.deepEqual(settings?.oauth, { issuer: 'house', name: 'House' });
});

test('F4 the database is asked for the domain alone, and gives way to what the domain says', async () => {
  net.pages.set('db.isp.test/v1.1/byname.test', says(settingsFor('byname.test')));
  const { settings } = await finder.ask('local-part@byname.test');
  assert.equal(settings?.source, 'ispdb');
  assert.ok(net.requests.includes('db.isp.test /v1.1/byname.test'));
  assert.equal(net.requests.join().includes('local-part'), false);
});

test('F4 a copy of the database in a folder is read by the domains its files name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ispdb-'));
  writeFileSync(join(folder, 'shop.xml'), settingsFor('shop.test'));
  writeFileSync(join(folder, 'broken.xml'), '<clientConfig>');
  writeFileSync(join(folder, 'long.xml'), `${settingsFor('long.test')}${' '.repeat(70_000)}`);
  const ask = folderIspdb(folder);
  const { signal } = new AbortController();
  assert.equal((await ask('shop.test', signal))?.imap[0]?.host, 'imap.shop.test');
  assert.equal(await ask('long.test', signal), null);
  assert.equal(await folderIspdb(join(folder, 'none'))('shop.test', signal), null);
  rmSync(folder, { recursive: true });
});

test('F5 SRV: TLS before STARTTLS, a target elsewhere only with a certificate for it, and shown as foreign', async () => {
  net.dns.zones.set('_imaps._tcp.srv.test', { SRV: [[10, 1, imap, 'imap.hosted.test']] });
  net.dns.zones.set('_imap._tcp.srv.test', { SRV: [[0, 1, 9, 'imap.hosted.test']] });
  net.dns.zones.set('_submissions._tcp.srv.test', { SRV: [[0, 1, smtp, 'smtp.hosted.test']] });
  const { settings } = await finder.ask('a@srv.test');
  assert.deepEqual(
    [settings?.source, settings?.imap.host, settings?.imap.security, settings?.foreign, settings?.loginUnsure],
    ['srv', 'imap.hosted.test', 'tls', true, true],
  );
  // No certificate of that name: nothing is found there.
  net.dns.zones.set('other.hosted.test', here);
  net.dns.zones.set('_imaps._tcp.staff.test', { SRV: [[0, 1, imap, 'other.hosted.test']] });
  const other = await finder.ask('a@staff.test');
  assert.equal(other.vias['srv'], 'found');
  assert.deepEqual([other.settings, other.failed?.doubt], [null, 'certificate']);
});

test('F12 where DNS alone leads elsewhere, no password goes there before the person has named the server', async () => {
  const answer = await finder.browser.post(
    '/auth/sign-in',
    { address: 'a@srv.test', password: 'never sent' },
    { headers: { 'x-forwarded-for': '203.0.113.9' } },
  );
  assert.equal(answer.status, 422);
  const problem = (await answer.json()) as ProblemDocument;
  assert.match(problem.type, /discovery-failed$/);
  assert.match(`${problem.title} ${problem.detail}`, /srv\.test is kept at imap\.hosted\.test.*was not sent/);
});

test('F5 a service that is not offered (target ".") is none', async () => {
  net.dns.zones.set('_imaps._tcp.evil.test', { SRV: [[0, 0, 0, '.']] });
  const { vias } = await finder.ask('a@evil.test');
  assert.equal(vias['srv'], 'nothing');
  net.dns.zones.delete('_imaps._tcp.evil.test');
});

test('F6 the exchange of a domain leads to what its owner publishes', async () => {
  net.dns.zones.set('autoconfig.bighost.test', here);
  net.dns.zones.set('hosted.test', {
    ...here,
    MX: [
      [20, 'mx2.bighost.test'],
      [10, 'mx.bighost.test'],
    ],
  });
  net.pages.set(`autoconfig.bighost.test${autoconfigPath}`, says(settingsFor('hosted.test')));
  const { settings, vias } = await finder.ask('a@hosted.test');
  assert.deepEqual([settings?.source, settings?.imap.host, vias['mx']], ['mx', 'imap.hosted.test', 'found']);
});

test('F9 what was proven is kept for the domain: nobody is asked twice', async () => {
  net.pages.set(`club.test${wellKnownPath}`, says(settingsFor('club.test')));
  await finder.ask('a@club.test');
  net.requests.length = 0;
  const again = await finder.ask('b@club.test');
  assert.deepEqual([again.settings?.source, again.settings?.imap.username], ['autoconfig', 'b@club.test']);
  assert.deepEqual(net.requests, []);
});

test('F7 no name leads to a private address: by redirect, by SRV, by A record, by number', async () => {
  const { port, touched } = await net.trap();
  net.pages.set(`autoconfig.evil.test${autoconfigPath}`, leads(`https://127.0.0.1:${port}/x`));
  net.pages.set(`evil.test${wellKnownPath}`, leads(`https://private.example:${port}/x`));
  net.dns.zones.set('private.example', { A: ['127.0.0.1', '10.0.0.1', '169.254.169.254'] });
  net.dns.zones.set('_imaps._tcp.evil.test', { SRV: [[0, 1, port, 'private.example']] });
  const { failed } = await finder.ask('a@evil.test');
  assert.equal(touched(), 0);
  assert.equal(failed?.doubt, 'private');
  net.dns.zones.delete('_imaps._tcp.evil.test');
  // The same through servers that a document names.
  net.pages.set(
    `autoconfig.evil.test${autoconfigPath}`,
    says(clientConfig('evil.test', at('private.example', port), at('private.example', port))),
  );
  net.pages.set(
    `evil.test${wellKnownPath}`,
    says(clientConfig('evil.test', at('127.0.0.1', port), at('10.0.0.1', 25))),
  );
  assert.equal((await finder.ask('a@evil.test')).failed?.doubt, 'private');
  assert.equal((await finder.ask('a@private.example')).settings, null);
  assert.equal(touched(), 0);
});

test('F7 two redirects are followed, over https alone, and no third', async () => {
  const start = `autoconfig.evil.test${autoconfigPath}`;
  const url = (path: string): string => `https://evil.test:${net.httpsPort}${path}`;
  net.pages.set(start, leads(url('/1')));
  net.pages.set('evil.test/1', leads(url('/2')));
  net.pages.set('evil.test/2', says(settingsFor('evil.test')));
  await using first = await openFinder(net, { open: ['*.test'] });
  assert.equal((await first.ask('a@evil.test')).settings?.source, 'autoconfig');
  net.requests.length = 0;
  for (let i = 1; i < 300; i += 1) net.pages.set(`evil.test/${i}`, leads(url(`/${i + 1}`)));
  assert.equal((await finder.ask('a@evil.test')).settings, null);
  assert.equal(net.requests.filter((request) => /^evil\.test \/\d/.test(request)).length, 2);
  net.pages.set(start, leads(`http://evil.test:${net.httpsPort}/2`));
  net.pages.set('evil.test/2', says(settingsFor('evil.test')));
  assert.equal((await finder.ask('a@evil.test')).vias['autoconfig'], 'nothing');
});

test('F7 hostile bodies are nothing: endless, dripping, packed, bombs, of other types', async () => {
  const start = `autoconfig.evil.test${autoconfigPath}`;
  let sent = 0;
  const endless: Page = (_request, answer) => {
    const chunk = Buffer.alloc(16_384, 0x20);
    const more = (): void => {
      while (!answer.destroyed && answer.write(chunk)) sent += chunk.length;
      sent += chunk.length;
    };
    answer.on('drain', more).writeHead(200);
    more();
  };
  const drip: Page = (_request, answer) => {
    answer.writeHead(200);
    const timer = setInterval(() => answer.write(' '), 50);
    answer.once('close', () => clearInterval(timer));
  };
  const headless: Page = () => undefined;
  const good = settingsFor('evil.test');
  const hostile: Record<string, Page> = {
    endless,
    drip,
    headless,
    packed: (_request, answer) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end(good),
    entities: says(good.replace('<clientConfig', '<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><clientConfig')),
    outside: says(good.replace('<clientConfig', '<!DOCTYPE c SYSTEM "https://evil.test/d"><clientConfig')),
    deep: says('<clientConfig>'.repeat(4_000)),
    html: says('<!doctype html><title>Welcome</title>', 'text/html'),
    json: says('{"protocols":{}}', 'application/json'),
    binary: says(Buffer.alloc(3_000, 0xff), 'image/png'),
    plain: says(good.replaceAll('SSL', 'plain')),
    ports: says(good.replaceAll(`<port>${imap}</port>`, '<port>99999</port>')),
    names: says(good.replaceAll('imap.evil.test', '127.0.0.1&#10;x')),
    empty: says(''),
    error: (_request, answer) => answer.writeHead(500).end(good),
  };
  for (const [name, page] of Object.entries(hostile)) {
    net.pages.set(start, page);
    const { vias, settings } = await finder.ask('a@evil.test');
    assert.deepEqual([vias['autoconfig'], settings], ['nothing', null], name);
  }
  assert.ok(sent < 4_000_000, `${sent} bytes were sent into an endless body`);
  assert.equal(
    net.requests.some((request) => request.endsWith(' /d')),
    false,
  );
});

test('F7 PACC of wrong types is nothing', async () => {
  for (const document of ['[]', '{"protocols":{"imap":{"host":7}}}', '{"protocols":{"imap":{"host":"a b"}}}', 'nul']) {
    const digest = createHash('sha256').update(document).digest('base64');
    net.dns.zones.set('_ua-auto-config.evil.test', { TXT: [`v=UAAC1;a=sha256;d=${digest}`] });
    net.pages.set(`ua-auto-config.evil.test${paccPath}`, says(document, 'application/json'));
    assert.equal((await finder.ask('a@evil.test')).vias['pacc'], 'nothing', document);
  }
});

test('F7 a certificate that does not hold is no answer', async () => {
  net.dns.zones.set('autoconfig.bad.test', here);
  net.pages.set(`autoconfig.bad.test${autoconfigPath}`, says(settingsFor('shop.test')));
  assert.equal((await finder.ask('a@bad.test')).vias['autoconfig'], 'nothing');
  assert.equal(net.requests.join().includes('autoconfig.bad.test'), false);
});

test('F10 DNS that never answers ends the search in time, with what was proven until then', async () => {
  await using quick = await openFinder(net, { open: ['*.test'], limitMs: 1_500 });
  for (const name of ['_imaps._tcp.shop.test', '_ua-auto-config.shop.test', 'ua-auto-config.shop.test'])
    net.dns.silent.add(name);
  net.pages.set(`autoconfig.shop.test${autoconfigPath}`, says(settingsFor('shop.test')));
  const { settings } = await quick.ask('a@shop.test');
  assert.equal(settings?.source, 'autoconfig');
  net.dns.silent.clear();
});

test('F1 the operator’s domains come first, and a closed list keeps everybody else from being asked', async () => {
  const listed = ['imap.shop.test', 'smtp.shop.test'];
  await using strict = await openFinder(net, {
    open: listed,
    allowed: listed,
    domains: `shop.test=imap.shop.test:${imap}:tls,smtp.shop.test:${smtp}:tls`,
  });
  const own = await strict.ask('a@shop.test');
  assert.deepEqual([own.settings?.source, own.settings?.imap.proven], ['operator', true]);
  assert.equal((await strict.ask('a@club.test')).failed?.doubt, 'not-allowed');
  assert.deepEqual(net.requests, []);
});

test('F11 a user of a domain of the issuer is offered its sign-in', async () => {
  net.pages.set(`autoconfig.staff.test${autoconfigPath}`, says(settingsFor('staff.test')));
  const { settings } = await finder.ask('a@staff.test');
  assert.deepEqual(settings?.oauth, { issuer: 'house', name: 'House' });
});

test('F11 servers that take tokens alone are told as such', async () => {
  const only = settingsFor('shop.test').replaceAll('password-cleartext', 'OAuth2');
  const issuer = '<oAuth2><issuer>https://id.house.test</issuer></oAuth2></clientConfig>';
  net.pages.set(`autoconfig.shop.test${autoconfigPath}`, says(only.replace('</clientConfig>', issuer)));
  await using fresh = await openFinder(net, { open: ['*.test'] });
  const { settings } = await fresh.ask('a@shop.test');
  assert.deepEqual([settings?.provider?.auth, settings?.oauth?.issuer], ['oauth', 'house']);
});
