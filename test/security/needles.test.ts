import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { countIn, formsOf, openSearch, piecesOf } from './needles.ts';

/** Without zeros: beside one, UTF-16 of one byte order is also UTF-16 of the other, a byte further. */
const noise = (length: number): Buffer => Buffer.from(randomBytes(length).map((byte) => byte || 1));

test('the search sees a secret in every form, wherever it lies, and nothing where there is none', () => {
  const secret = 'Wünschel-Rute 27';
  const search = openSearch(formsOf('secret', secret));
  const wide = Buffer.from(secret, 'utf16le');
  const hidden: [string, Buffer][] = [
    ['raw', Buffer.from(secret)],
    ['utf-16', wide],
    ['utf-16', Buffer.from(wide).swap16()],
    ['hex', Buffer.from(Buffer.from(secret).toString('hex'))],
    ['hex', Buffer.from(Buffer.from(secret).toString('hex').toUpperCase())],
  ];
  for (const before of ['', 'x', 'xy', 'xyz', '\0alice\0']) {
    const inside = Buffer.from(`${before}${secret}and more`);
    hidden.push(
      ['base64', Buffer.from(inside.toString('base64'))],
      ['base64', Buffer.from(inside.toString('base64url'))],
    );
  }
  for (const [form, bytes] of hidden) {
    for (const before of [1000, 1001, 1002, 1003]) {
      const around = Buffer.concat([noise(before), bytes, noise(77)]);
      assert.deepEqual([...countIn(search, around)], [[`secret ${form}`, 1]], bytes.toString('latin1'));
      assert.deepEqual([...countIn(search, around.subarray(1))], [[`secret ${form}`, 1]], 'at an odd address');
    }
    assert.equal(countIn(search, bytes).get(`secret ${form}`), 1, 'at the very beginning and end');
  }
  assert.equal(countIn(search, randomBytes(1 << 20)).size, 0);
  assert.equal(countIn(search, Buffer.from(secret).subarray(0, -1)).size, 0, 'a cut copy is none');
  assert.throws(() => openSearch([{ name: 'short', form: 'raw', bytes: Buffer.from('secret') }]), /too short/);
  assert.ok(countIn(openSearch(piecesOf('secret', secret)), Buffer.from(secret).subarray(3, 13)).has('secret piece'));
});
