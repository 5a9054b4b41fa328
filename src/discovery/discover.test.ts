import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDomains } from '#config/servers.ts';
import type { DiscoveryStep as Step, Doubt } from '#jmap/auth/discovery.ts';
import { parseAddress } from './address.ts';
import { type DiscoveryParts, openDiscovery, settingsOf } from './discover.ts';
import { guesses } from './guesses.ts';
import type { Names } from './names.ts';
import { providerOfDomain, providerOfMx, providers } from './providers.ts';
import type { Prover } from './prove.ts';
import { openSources } from './sources.ts';

const proves =
  (hosts: Record<string, true | Doubt>, asked: string[] = []): Prover =>
  async ({ host, port }) => {
    asked.push(`${host}:${port}`);
    const found = hosts[`${host}:${port}`] ?? 'unreachable';
    return found === true ? { ok: true } : { ok: false, doubt: found };
  };

const silent: Names = { addresses: async () => [], mx: async () => [], srv: async () => [], txt: async () => [] };
const sourcesOf = (names: Partial<Names> = {}) =>
  openSources({ names: { ...silent, ...names }, fetching: async () => null, ispdb: null, tellAddress: false });
const discover = (parts: Partial<DiscoveryParts>) =>
  openDiscovery({ domains: new Map(), prove: proves({}), sources: sourcesOf(), ...parts });

test('a well-known provider is taken from the table', async () => {
  const find = discover({ prove: proves({ 'imap.gmail.com:993': true, 'smtp.gmail.com:465': true }) });
  const steps: Step[] = [];
  for await (const step of find('Ada@GMAIL.com')) steps.push(step);
  assert.deepEqual(
    steps.map((s) => ('state' in s ? `${s.step} ${s.state}` : s.step)),
    [
      'settings looking',
      'settings found',
      'incoming trying',
      'outgoing trying',
      'incoming proven',
      'outgoing proven',
      'result',
    ],
  );
  const last = steps.at(-1);
  assert.ok(last?.step === 'result');
  assert.equal(last.settings.imap.username, 'ada@gmail.com');
  assert.equal(last.settings.provider?.auth, 'app-password');
  assert.equal(last.settings.foreign, false);
});

test('a domain of one’s own is recognised by its MX, and its servers are shown as foreign', async () => {
  const find = discover({
    sources: sourcesOf({ mx: async () => ['in1-smtp.messagingengine.com'] }),
    prove: proves({ 'imap.fastmail.com:993': true, 'smtp.fastmail.com:465': true }),
  });
  const last = await settingsOf(find('ada@lindqvist.example'));
  assert.ok(last.step === 'result');
  assert.deepEqual([last.settings.provider?.id, last.settings.foreign], ['fastmail', true]);
});

test('guesses prefer TLS from the first byte, in the order of the hosts', async () => {
  const find = discover({
    prove: proves({
      'mail.small.example:993': true,
      'imap.small.example:143': true,
      'mail.small.example:587': true,
      'smtp.small.example:587': true,
    }),
  });
  const last = await settingsOf(find('a@small.example'));
  assert.ok(last.step === 'result');
  assert.deepEqual([last.settings.imap.host, last.settings.imap.port], ['mail.small.example', 993]);
  assert.deepEqual([last.settings.smtp.host, last.settings.smtp.security], ['smtp.small.example', 'starttls']);
  assert.ok(last.settings.loginUnsure);
  assert.equal(guesses('x.example', 'imap').length, 6);
});

test('of several failures the most telling one is named', async () => {
  const last = await settingsOf(
    discover({ prove: proves({ 'mail.small.example:993': 'certificate' }) })('a@small.example'),
  );
  assert.ok(last.step === 'failed');
  assert.equal(last.doubt, 'certificate');
});

test('the operator’s domains come before everything', async () => {
  const domains = parseDomains('gmail.com=127.0.0.1:143:none,127.0.0.1:587:none') ?? new Map();
  const last = await settingsOf(
    discover({ domains, prove: proves({ '127.0.0.1:143': true, '127.0.0.1:587': true }) })('a@gmail.com'),
  );
  assert.ok(last.step === 'result');
  assert.deepEqual([last.settings.source, last.settings.imap.port, last.settings.foreign], ['operator', 143, false]);
});

test('a provider without IMAP is named with its reason', async () => {
  const last = await settingsOf(discover({})('a@proton.me'));
  assert.ok(last.step === 'failed');
  assert.match(last.note ?? '', /Bridge/);
});

test('what was proven is remembered for the domain, not for the address', async () => {
  const asked: string[] = [];
  const find = discover({ prove: proves({ 'posteo.de:993': true, 'posteo.de:465': true }, asked) });
  await settingsOf(find('a@posteo.de'));
  const again = await settingsOf(find('b@posteo.de'));
  assert.ok(again.step === 'result');
  assert.equal(again.settings.imap.username, 'b@posteo.de');
  assert.equal(asked.length, 2);
});

test('a caller who goes away stops the search', async () => {
  const find = discover({
    prove: (_server, _protocol, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve({ ok: false, doubt: 'timeout' }))),
  });
  for await (const step of find('a@slow.example')) if (step.step === 'incoming') break;
});

test('addresses', () => {
  assert.deepEqual(parseAddress(' ada@Bücher.example '), {
    address: 'ada@xn--bcher-kva.example',
    local: 'ada',
    domain: 'xn--bcher-kva.example',
  });
  for (const wrong of [
    '',
    'ada',
    '@x.example',
    'a b@x.example',
    'ada@',
    'ada@x/y',
    'ada@x:1',
    'ada@[::1]',
    '<ada@x.example>',
  ])
    assert.equal(parseAddress(wrong), undefined, wrong);
});

test('the table: at least forty providers, no domain twice, only TLS', () => {
  assert.ok(providers.length >= 40);
  const domains = providers.flatMap((p) => p.domains);
  assert.equal(new Set(domains).size, domains.length);
  assert.equal(new Set(providers.map((p) => p.id)).size, providers.length);
  for (const { imap, smtp } of providers)
    for (const server of [imap, smtp]) if (server) assert.match(server.host, /^[a-z0-9.-]+\.[a-z]+$/);
  assert.equal(providerOfDomain('hotmail.de')?.id, 'outlook');
  assert.equal(providerOfMx(['mxbiz1.qq.com'])?.id, 'qq-business');
  assert.equal(providerOfMx(['lindqvist-example.mail.protection.outlook.com'])?.id, 'microsoft365');
  assert.equal(providerOfMx(['evilgoogle.com']), null);
});

test('F9 what was proven is kept for a day, of a thousand domains; what failed is not', async () => {
  let now = 0;
  const asked: string[] = [];
  const hosts: Record<string, true> = { 'imap.club.test:993': true, 'smtp.club.test:465': true };
  const find = discover({
    now: () => now,
    prove: async ({ host, port }) => {
      asked.push(`${host}:${port}`);
      return host.endsWith('.many.test') || hosts[`${host}:${port}`]
        ? { ok: true }
        : { ok: false, doubt: 'unreachable' };
    },
  });
  const isAsked = async (domain: string): Promise<boolean> => {
    asked.length = 0;
    await settingsOf(find(`ada@${domain}`));
    return asked.length > 0;
  };
  const day = 86_400_000;
  assert.deepEqual([await isAsked('club.test'), await isAsked('club.test')], [true, false]);
  now = day - 1;
  assert.equal(await isAsked('club.test'), false);
  now = day;
  assert.deepEqual([await isAsked('club.test'), await isAsked('club.test')], [true, false]);
  assert.deepEqual([await isAsked('none.test'), await isAsked('none.test')], [true, true], 'a failure');
  for (let nth = 1; nth < 1_000; nth += 1) await settingsOf(find(`ada@${nth}.many.test`));
  assert.equal(await isAsked('club.test'), false, 'the first of a thousand');
  await settingsOf(find('ada@1000.many.test'));
  assert.equal(await isAsked('club.test'), true, 'one too many');
});
