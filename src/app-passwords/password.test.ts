import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashPassword, schemes } from './hash.ts';
import { alphabet, grouped, idWithin, newId, newPassword, passwordLength, secretLength } from './password.ts';
import { sha512Crypt } from './sha512-crypt.ts';

test('A1 prefix, id, 27 letters of 31, no look-alikes', () => {
  const id = newId();
  const password = newPassword(id).toString();
  assert.match(password, new RegExp(`^pst${id}[${alphabet}]{27}$`));
  assert.equal(password.length, passwordLength);
  assert.doesNotMatch(alphabet, /[0o1li]/);
  assert.ok(secretLength * Math.log2(new Set(alphabet).size) >= 130);
});

test('A1 every letter is as likely as every other', () => {
  const seen = new Map<string, number>();
  const many = 400;
  for (let turn = 0; turn < many; turn += 1)
    for (const letter of newPassword(newId()).toString().slice(9)) seen.set(letter, (seen.get(letter) ?? 0) + 1);
  const expected = (many * secretLength) / alphabet.length;
  for (const letter of alphabet) assert.ok(Math.abs((seen.get(letter) ?? 0) - expected) < expected / 2, letter);
});

test('A2 groups for paper, read back with spaces, hyphens, capitals, full-width letters', () => {
  const id = newId();
  const password = newPassword(id);
  const paper = grouped(password);
  assert.match(paper, /^(\w{4} ){8}\w{4}$/);
  const wide = Array.from(password.toString(), (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)).join(
    '',
  );
  for (const typed of [paper, paper.toUpperCase(), paper.replaceAll(' ', '-'), ` ${paper}\n`, wide])
    assert.equal(idWithin(typed), id);
  fc.assert(fc.property(fc.string(), (text) => idWithin(text) === null));
  assert.equal(idWithin('p'.repeat(100_000)), null);
});

const doveadm = (hash: string, password: Buffer): boolean =>
  spawnSync('doveadm', ['-O', 'pw', '-t', hash, '-p', password.toString()], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/bin` },
  }).stdout.includes('(verified)');
const isHere = spawnSync('doveadm', ['-O', 'pw', '-l']).status === 0;

for (const scheme of schemes)
  test(`A3 Dovecot verifies ${scheme}, and refuses another password`, { skip: !isHere }, async () => {
    const password = newPassword(newId());
    const hash = await hashPassword(scheme, password);
    assert.ok(doveadm(hash, password));
    assert.ok(!doveadm(hash, newPassword(newId())));
    assert.notEqual(hash, await hashPassword(scheme, password), 'salted');
    assert.ok(hash.length <= 255);
  });

test('A3 SHA-512 crypt as in its specification', () => {
  assert.equal(
    sha512Crypt(Buffer.from('Hello world!'), 'saltstring'),
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  );
});
