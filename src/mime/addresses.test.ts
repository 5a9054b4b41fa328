import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseAddresses, parseAddressGroups } from './addresses.ts';

const latin = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** `name|email` joined by " + ". */
const short = (raw: string): string =>
  parseAddresses(raw)
    .map(({ name, email }) => `${name ?? ''}|${email}`)
    .join(' + ');

const cases: [raw: string, expected: string][] = [
  ['ana@example.org', '|ana@example.org'],
  ['<ana@example.org>', '|ana@example.org'],
  ['Ana <ana@example.org>', 'Ana|ana@example.org'],
  ['"Doe, John" <john@example.com>, b@c', 'Doe, John|john@example.com + |b@c'],
  ['"say \\"hi\\" \\\\ now" <a@b>', 'say "hi" \\ now|a@b'],
  ['ana@example.org (Ana Lind)', 'Ana Lind|ana@example.org'],
  ['(a (nested) one) ana@example.org', 'a (nested) one|ana@example.org'],
  ['Ana (work) Lind <ana@example.org>', 'Ana Lind|ana@example.org'],
  ['=?utf-8?Q?In=C3=AAs?= <ines@example.org>', 'Inês|ines@example.org'],
  ['=?utf-8?Q?Doe,_John?= <a@b>, c@d', 'Doe, John|a@b + |c@d'],
  ['"=?utf-8?Q?In=C3=AAs?=" <ines@example.org>', 'Inês|ines@example.org'],
  ['=?utf-8?Q?In?= =?utf-8?Q?=C3=AAs?= <ines@example.org>', 'Inês|ines@example.org'],
  [latin('Inês <inês@exämple.org>'), 'Inês|inês@exämple.org'],
  ['Friends: a@b, Bob <c@d>;, e@f', '|a@b + Bob|c@d + |e@f'],
  ['undisclosed-recipients:;', ''],
  ['Undisclosed recipients: ;', ''],
  ['a@b; c@d; ', '|a@b + |c@d'],
  ['<@route.example,@two.example:a@b>', '|a@b'],
  ['Ana <ana@example.org, Bob <bob@example.org>', 'Ana|ana@example.org + Bob|bob@example.org'],
  ['Ana ana@example.org', 'Ana|ana@example.org'],
  ['"quoted local"@example.org', '|"quoted local"@example.org'],
  ['<"quoted local"@example.org>', '|"quoted local"@example.org'],
  ['a @ b . org', '|a@b.org'],
  ['Ana < ana@example.org >', 'Ana|ana@example.org'],
  ['<mailto:ana@example.org>', '|ana@example.org'],
  ['MAILER-DAEMON', '|MAILER-DAEMON'],
  ['John Smith', 'John Smith|'],
  ['"unclosed <a@b>', 'unclosed|a@b'],
  ['Ana <ana@[192.0.2.1]>', 'Ana|ana@[192.0.2.1]'],
  [',,, ;;', ''],
  ['', ''],
  ['John Q. Public <j@x>', 'John Q. Public|j@x'],
  ['a.b.c <x@y> (late comment)', 'a.b.c|x@y'],
];

test('address lists, well-formed and not', () => {
  for (const [raw, expected] of cases) assert.equal(short(raw).replace(/ {2,}/g, ' '), expected, raw);
});

test('groups keep their names', () => {
  assert.deepEqual(parseAddressGroups('x@y, Friends: a@b, c@d;, e@f'), [
    { name: null, addresses: [{ name: null, email: 'x@y' }] },
    {
      name: 'Friends',
      addresses: [
        { name: null, email: 'a@b' },
        { name: null, email: 'c@d' },
      ],
    },
    { name: null, addresses: [{ name: null, email: 'e@f' }] },
  ]);
  assert.deepEqual(parseAddressGroups('undisclosed-recipients:;'), [{ name: 'undisclosed-recipients', addresses: [] }]);
});

test('any text gives addresses and no throw, in linear time', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constantFrom('<', '>', '"', '(', ')', ',', ';', ':', '@', '\\', ' ', '=?utf-8?q?a?='),
          fc.string({ maxLength: 4 }),
        ),
      ),
      (pieces) => {
        for (const { email } of parseAddresses(pieces.join(''))) assert.equal(typeof email, 'string');
      },
    ),
  );
  for (const hostile of ['<', '"', '(', '@ ', ' @', ':', 'a <', ' ', '=?'])
    assert.ok(parseAddresses(`x${hostile.repeat(40_000)}y`).length < 100_000);
});

test('quotes and brackets that never close are looked for once, whatever the length', () => {
  for (const [start, again] of [
    ['"', '\\"'],
    ['<"', '\\"'],
    ['', '"\\'],
    ['@a', ':'],
    [`<${'a'.repeat(1_000_000)}@>`, '<>'],
  ] as const)
    assert.ok(parseAddresses(start + again.repeat(1_000_000)).length <= 2, start + again);
});
