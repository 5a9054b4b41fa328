import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseXml, type XmlElement } from '@rgrove/parse-xml';
import fc from 'fast-check';
import type { AppPasswordProtocol, AppPasswordSetup } from '#jmap/app-password.ts';
import {
  appleProfile,
  fileName,
  inGroups,
  mobileCode,
  type SetupParts,
  thunderbirdConfig,
} from './app-passwords-setup.ts';

const setup: AppPasswordSetup = {
  address: 'ada@lindqvist.example',
  username: 'ada',
  imap: { host: 'imap.lindqvist.example', port: 993, security: 'tls' },
  smtp: { host: 'smtp.lindqvist.example', port: 587, security: 'starttls' },
  pop3: { host: 'pop.lindqvist.example', port: 995, security: 'tls' },
  sieve: null,
};
const secret = 'pstmvkt7hqerz4pxn2dhhjk7wmtvqz3sdyfb';
const parts = (more: Partial<SetupParts> = {}): SetupParts => ({
  setup,
  protocols: ['imap', 'submission'],
  person: 'Ada Lindqvist',
  account: 'Lindqvist',
  password: secret,
  ...more,
});
const ids = (): (() => string) => {
  let n = 0;
  return () => `00000000-0000-4000-8000-${String((n += 1)).padStart(12, '0')}`;
};

const elements = (node: XmlElement): XmlElement[] =>
  node.children.filter((child) => child.type === 'element').map((child) => child as XmlElement);

type Value = string | number | boolean | Value[] | { [key: string]: Value };

/** A property list, read strictly. */
const readPlist = (node: XmlElement): Value => {
  const inside = elements(node);
  switch (node.name) {
    case 'dict': {
      assert.equal(inside.length % 2, 0);
      const entries: [string, Value][] = [];
      for (let at = 0; at < inside.length; at += 2) {
        assert.equal(inside[at]!.name, 'key');
        entries.push([inside[at]!.text, readPlist(inside[at + 1]!)]);
      }
      return Object.fromEntries(entries);
    }
    case 'array':
      return inside.map(readPlist);
    case 'string':
      return node.text;
    case 'integer':
      return Number(node.text);
    case 'true':
    case 'false':
      return node.name === 'true';
    default:
      throw new Error(`<${node.name}> in a property list`);
  }
};
const profileOf = (text: string): Record<string, Value> => {
  const root = parseXml(text).root!;
  assert.equal(root.name, 'plist');
  assert.equal(root.attributes['version'], '1.0');
  assert.equal(elements(root).length, 1);
  return readPlist(elements(root)[0]!) as Record<string, Value>;
};
const mailOf = (text: string): Record<string, Value> =>
  (profileOf(text)['PayloadContent'] as Record<string, Value>[])[0]!;

test('AP4 the Apple profile holds one mail account, all that Apple asks for', () => {
  const profile = profileOf(appleProfile(parts(), ids())!);
  assert.equal(profile['PayloadType'], 'Configuration');
  assert.equal(profile['PayloadVersion'], 1);
  assert.equal(profile['PayloadUUID'], '00000000-0000-4000-8000-000000000001');
  const mail = mailOf(appleProfile(parts(), ids())!);
  assert.deepEqual(mail, {
    PayloadType: 'com.apple.mail.managed',
    PayloadVersion: 1,
    PayloadIdentifier: 'postern.mail.00000000-0000-4000-8000-000000000001.account',
    PayloadUUID: '00000000-0000-4000-8000-000000000002',
    PayloadDisplayName: 'Lindqvist',
    EmailAccountDescription: 'Lindqvist',
    EmailAccountName: 'Ada Lindqvist',
    EmailAccountType: 'EmailTypeIMAP',
    EmailAddress: 'ada@lindqvist.example',
    IncomingMailServerAuthentication: 'EmailAuthPassword',
    IncomingMailServerHostName: 'imap.lindqvist.example',
    IncomingMailServerPortNumber: 993,
    IncomingMailServerUseSSL: true,
    IncomingMailServerUsername: 'ada',
    IncomingPassword: secret,
    OutgoingMailServerAuthentication: 'EmailAuthPassword',
    OutgoingMailServerHostName: 'smtp.lindqvist.example',
    OutgoingMailServerPortNumber: 587,
    OutgoingMailServerUseSSL: true,
    OutgoingMailServerUsername: 'ada',
    OutgoingPasswordSameAsIncomingPassword: true,
    PreventMove: false,
  });
});

test('AP4 POP where IMAP is not allowed; nothing where a program could not both read and send', () => {
  const pop: AppPasswordProtocol[] = ['pop3', 'submission'];
  assert.equal(mailOf(appleProfile(parts({ protocols: pop }), ids())!)['EmailAccountType'], 'EmailTypePOP');
  assert.equal(
    mailOf(appleProfile(parts({ protocols: pop }), ids())!)['IncomingMailServerHostName'],
    'pop.lindqvist.example',
  );
  for (const protocols of [['imap'], ['submission'], ['sieve']] as AppPasswordProtocol[][]) {
    assert.equal(appleProfile(parts({ protocols }), ids()), null);
    assert.equal(mobileCode(parts({ protocols })), null);
  }
  assert.equal(appleProfile(parts({ protocols: pop, setup: { ...setup, pop3: null } }), ids()), null);
  const plain = { ...setup, imap: { ...setup.imap, security: 'none' } } as const;
  assert.equal(mailOf(appleProfile(parts({ setup: plain }), ids())!)['IncomingMailServerUseSSL'], false);
});

/** What XML 1.0 has no place for, or a parser is to change. */
// oxlint-disable-next-line no-control-regex
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu;
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60, size: 'max' }),
  fc.constantFrom(
    '</string><key>IncomingPassword</key>',
    ']]>',
    '&amp;&#x0;',
    '"\'<!--',
    '\u202egro.live',
    '\r\n',
    '\ud800',
    'a'.repeat(5000),
  ),
);

test('AP4 no name breaks out of the files: what was written is read, and nothing besides', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, (person, account, username) => {
      const given = parts({ person, account, setup: { ...setup, username } });
      const kept = (text: string): string => text.toWellFormed().replaceAll(unwritable, '');
      const mail = mailOf(appleProfile(given, ids())!);
      assert.equal(mail['EmailAccountName'], kept(person));
      assert.equal(mail['EmailAccountDescription'], kept(account));
      assert.equal(mail['IncomingMailServerUsername'], kept(username));
      assert.equal(mail['IncomingPassword'], secret);
      assert.equal(Object.keys(mail).length, 22);

      const config = thunderbirdConfig(given)!;
      const provider = elements(parseXml(config).root!)[0]!;
      assert.deepEqual(
        elements(provider).map(({ name }) => name),
        ['domain', 'displayName', 'displayShortName', 'incomingServer', 'outgoingServer'],
      );
      assert.equal(elements(provider)[1]!.text, kept(account));

      const [version, sequence, incoming, groups] = JSON.parse(mobileCode(given)!) as [
        number,
        number[],
        unknown[],
        unknown[][][],
      ];
      assert.deepEqual([version, sequence, groups.length], [1, [1, 1], 1]);
      assert.deepEqual(incoming, [0, 'imap.lindqvist.example', 993, 3, 1, username, account, secret]);
    }),
    { numRuns: 300 },
  );
});

test('AP4 the Thunderbird file names the servers and no password', () => {
  const text = thunderbirdConfig(parts())!;
  assert.ok(!text.includes(secret));
  const root = parseXml(text).root!;
  assert.deepEqual([root.name, root.attributes['version']], ['clientConfig', '1.1']);
  const provider = elements(root)[0]!;
  assert.equal(provider.attributes['id'], 'lindqvist.example');
  const servers = elements(provider).filter(({ name }) => name.endsWith('Server'));
  const told = servers.map((server) => [
    server.name,
    server.attributes['type'],
    ...elements(server).map((each) => `${each.name}=${each.text}`),
  ]);
  assert.deepEqual(told, [
    [
      'incomingServer',
      'imap',
      'hostname=imap.lindqvist.example',
      'port=993',
      'socketType=SSL',
      'authentication=password-cleartext',
      'username=ada',
    ],
    [
      'outgoingServer',
      'smtp',
      'hostname=smtp.lindqvist.example',
      'port=587',
      'socketType=STARTTLS',
      'authentication=password-cleartext',
      'username=ada',
    ],
  ]);
  assert.equal(thunderbirdConfig(parts({ protocols: ['submission'] })), null);
});

test("AP4 the code for Android is Thunderbird's export format, version 1", () => {
  assert.deepEqual(JSON.parse(mobileCode(parts())!), [
    1,
    [1, 1],
    [0, 'imap.lindqvist.example', 993, 3, 1, 'ada', 'Lindqvist', secret],
    [
      [
        [0, 'smtp.lindqvist.example', 587, 2, 1, 'ada', secret],
        ['ada@lindqvist.example', 'Ada Lindqvist'],
      ],
    ],
  ]);
});

test('a password in groups of four; names of files that every system takes', () => {
  assert.deepEqual(inGroups(secret).length, 9);
  assert.equal(inGroups(secret).join(''), secret);
  assert.equal(fileName('ada@lindqvist.example', 'mobileconfig'), 'ada@lindqvist.example.mobileconfig');
  assert.equal(fileName('../a/b:c\u202e@x', 'xml'), '__a_b_c_@x.xml');
  assert.equal(fileName('', 'xml'), 'mail.xml');
});
