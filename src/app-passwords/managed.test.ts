import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '#base/must.ts';
import { parseDomains, parseServerList } from '#config/servers.ts';
import { managedUser } from './managed.ts';

const none = new Map();
const named = (text: string, domains: readonly string[] = []) => ({
  config: { domains, servers: must(parseServerList(text.split(' ')), 'servers') },
  domains: none,
});
const login = (host: string, port = 993, username = 'Ana@Example.org') => ({ host, port, username });

test('A60 managed is who was let in by a server the operator named, under a full address of a managed domain', () => {
  const at = named('imap.example.org 10.0.0.5:1143 *.mail.example.org', ['example.org']);
  for (const [given, expected] of [
    [login('imap.example.org'), 'ana@example.org'],
    [login('imap.example.org', 143), 'ana@example.org'],
    [login('imap.example.org', 10_143), null],
    [login('a.mail.example.org'), 'ana@example.org'],
    [login('10.0.0.5', 1143), 'ana@example.org'],
    [login('10.0.0.5', 993), null],
    [login('imap.example.org.attacker.test'), null],
    [login('imap.attacker.test'), null],
    [login('imap.example.org', 993, 'ana'), null],
    [login('imap.example.org', 993, 'ana@other.example'), null],
    [login('imap.example.org', 993, '*@example.org'), null],
    [login('imap.example.org', 993, 'ana@example.org@attacker.test'), null],
  ] as const)
    assert.equal(managedUser(at, given), expected, JSON.stringify(given));
});

test('A60 without a list, the servers of the domain itself; with neither, nobody', () => {
  const text =
    'example.org=imap.example.org:993:tls,smtp.example.org:465:tls;*=mx.example.net:993:tls,mx.example.net:465:tls';
  const at = { config: { domains: [], servers: [] }, domains: must(parseDomains(text), 'domains') };
  assert.equal(managedUser(at, login('imap.example.org')), 'ana@example.org');
  assert.equal(managedUser(at, login('IMAP.example.org')), 'ana@example.org');
  assert.equal(managedUser(at, login('imap.example.org', 143)), null);
  assert.equal(managedUser(at, login('mx.example.net')), null, 'another domain’s server says nothing of this one');
  assert.equal(managedUser(at, login('mx.example.net', 993, 'ben@elsewhere.example')), 'ben@elsewhere.example');
  assert.equal(managedUser({ ...at, domains: none }, login('imap.example.org')), null);
});
