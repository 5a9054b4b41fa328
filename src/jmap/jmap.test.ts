import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isId, isOffsetDate, isUTCDate, secondsOf, utcDate } from './ids.ts';
import { parseKeyword } from './keywords.ts';
import { applyPatch } from './patch.ts';
import { parsePointer, pointerToken } from './pointer.ts';
import { evaluatePointer, isResultReference, resolveReferences } from './references.ts';

test('RFC 8620 §1.2 ids', () => {
  for (const good of ['a', 'A-Z_09', 'x'.repeat(255)]) assert.ok(isId(good));
  for (const bad of ['', 'a b', 'é', 'a.b', '#a', 'x'.repeat(256)]) assert.ok(!isId(bad), bad);
});

test('RFC 8620 §1.4 dates', () => {
  for (const good of ['2014-10-30T06:12:00Z', '2014-10-30T06:12:00.5Z']) assert.ok(isUTCDate(good), good);
  for (const bad of [
    '2014-10-30',
    '2014-10-30T06:12:00',
    '2014-10-30t06:12:00Z',
    '2014-10-30T06:12:00.000Z',
    '2014-13-30T06:12:00Z',
    '2014-10-30T06:12:00+00:00',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
  ]) {
    assert.ok(!isUTCDate(bad), bad);
  }
  assert.ok(isUTCDate('2024-02-29T23:59:59Z'));
  assert.ok(isOffsetDate('2024-02-29T23:59:59-11:00'));
  assert.ok(!isOffsetDate('2026-02-29T00:00:00+01:00'));
  assert.ok(isOffsetDate('2014-10-30T14:12:00+08:00'));
  assert.ok(!isOffsetDate('2014-10-30T14:12:00+8:00'));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      (seconds) => secondsOf(utcDate(seconds)) === seconds && isUTCDate(utcDate(seconds)),
    ),
  );
});

test('RFC 8621 §4.1.1 keywords: which characters, always lower-case', () => {
  assert.equal(parseKeyword('$Seen'), '$seen');
  for (const bad of ['', 'a b', 'a(b', 'a)b', 'a{b', 'a]b', 'a%b', 'a*b', 'a"b', String.raw`a\b`, 'é', 'x'.repeat(256)])
    assert.equal(parseKeyword(bad), undefined, bad);
  for (const good of ['a}b', 'a[b', '!', '~', '$forwarded', 'x'.repeat(255)]) assert.equal(parseKeyword(good), good);
});

test('RFC 6901 pointers', () => {
  assert.deepEqual(parsePointer('/a~1b/m~0n/'), ['a/b', 'm~n', '']);
  assert.deepEqual(parsePointer(''), []);
  for (const bad of ['a', '/~', '/~2']) assert.equal(parsePointer(bad), undefined);
  fc.assert(
    fc.property(fc.array(fc.string()), (tokens) => {
      const pointer = tokens.map((token) => `/${pointerToken(token)}`).join('');
      assert.deepEqual(parsePointer(pointer), tokens);
    }),
  );
});

test('RFC 8620 §3.7 the path of a result reference', () => {
  const value = {
    list: [
      { ids: [1, 2], 'a/b': null },
      { ids: [3], 'a/b': 4 },
    ],
    deep: [[[1]], [[2]]],
  };
  const at = (path: string): unknown => evaluatePointer(value, path)?.found;
  assert.deepEqual(at('/list/*/ids'), [1, 2, 3]);
  assert.deepEqual(at('/list/1/ids/0'), 3);
  assert.deepEqual(at('/list/*/a~1b'), [null, 4]);
  assert.deepEqual(at('/deep/*'), [[1], [2]]);
  assert.deepEqual(at('/deep/*/*'), [1, 2]);
  assert.equal(at(''), value);
  for (const none of [
    '/list/2',
    '/list/01',
    '/list/-',
    '/nothing',
    '/list/*/nothing',
    '/list/0/ids/0/x',
    '/constructor',
    'list',
  ]) {
    assert.equal(evaluatePointer(value, none), undefined, none);
  }
});

test('RFC 8620 §3.7 arguments with references', () => {
  const reference = { resultOf: 'a', name: 'b', path: '/c' };
  assert.ok(isResultReference(reference));
  assert.ok(!isResultReference({ ...reference, more: 1 }));
  assert.deepEqual(
    resolveReferences({ x: 1, '#y': reference }, () => ({ found: [7] })),
    { ok: true, arguments: { x: 1, y: [7] } },
  );
  const odd = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, unknown>;
  const kept = resolveReferences({ ...odd, '#y': reference }, () => ({ found: 7 }));
  assert.deepEqual(kept.ok && Object.entries(kept.arguments), [
    ['__proto__', 1],
    ['constructor', 2],
    ['y', 7],
  ]);
  const typeOf = (given: Record<string, unknown>): string | undefined => {
    const resolved = resolveReferences(given, () => undefined);
    return resolved.ok ? undefined : resolved.type;
  };
  assert.equal(typeOf({ y: 1, '#y': reference }), 'invalidArguments');
  assert.equal(typeOf({ '#y': 'a' }), 'invalidArguments');
  assert.equal(typeOf({ '#y': reference }), 'invalidResultReference');
  assert.equal(typeOf({ y: 1 }), undefined);
});

test('RFC 8620 §5.3 PatchObject', () => {
  const record = {
    name: 'a',
    set: { x: true, y: true } as Record<string, boolean>,
    list: [1],
    none: null as string | null,
  };
  const patched = (patch: Record<string, unknown>, defaults: Partial<typeof record> = {}): unknown => {
    const result = applyPatch(record, patch, defaults);
    return result.ok ? result.value : 'invalidPatch';
  };
  assert.deepEqual(patched({ name: 'b', 'set/x': null, 'set/z': true }), {
    ...record,
    name: 'b',
    set: { y: true, z: true },
  });
  assert.deepEqual(patched({ set: { z: true } }), { ...record, set: { z: true } });
  assert.deepEqual(patched({ name: null }, { name: 'default' }), { ...record, name: 'default' });
  assert.deepEqual(patched({ none: 'x' }), { ...record, none: 'x' });
  assert.deepEqual(patched({ 'set/absent': null }), record);
  assert.deepEqual(patched({ 'set/a~1b': true }), { ...record, set: { x: true, y: true, 'a/b': true } });
  for (const bad of [
    { 'list/0': 2 },
    { 'set/x/y': 1 },
    { 'nothing/x': 1 },
    { set: {}, 'set/x': true },
    { 'set/x': true, 'set/x/y': 1 },
    { 'a~b': 1 },
  ]) {
    assert.equal(patched(bad), 'invalidPatch', JSON.stringify(bad));
  }
  assert.deepEqual(record.set, { x: true, y: true }, 'the record itself stays');
  const polluted = applyPatch({}, JSON.parse('{"__proto__": {"evil": true}}') as Record<string, unknown>);
  assert.ok(polluted.ok);
  assert.equal(({} as Record<string, unknown>)['evil'], undefined);
});
