import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { hasBrowser, inOrder, isShared, nextOf } from './test-lanes.ts';

test('long files run first, then those with servers, then the rest', () => {
  const files = ['src/b.test.ts', 'test/e2e/a.test.ts', 'src/a.test.ts', 'test/security/memory.test.ts'];
  assert.deepEqual(inOrder(files), [
    'test/security/memory.test.ts',
    'test/e2e/a.test.ts',
    'src/a.test.ts',
    'src/b.test.ts',
  ]);
  const long = [...readFileSync('scripts/test-lanes.ts', 'utf8').matchAll(/'(\S+\.test\.ts)'/g)].map(
    ([, name]) => name,
  );
  assert.ok(long.length > 0);
  for (const name of long) assert.ok(existsSync(name ?? ''), `${name} is here`);
});

test('two browsers at a time, and another file beside them', () => {
  const [one, two, three] = ['test/journeys/a.test.ts', 'test/journeys/b.test.ts', 'src/mime/html/chromium.test.ts'];
  for (const file of [one, two, three]) assert.ok(hasBrowser(file ?? ''));
  assert.equal(nextOf([two ?? '', 'src/a.test.ts'], [one ?? '']), two);
  assert.equal(nextOf([three ?? '', 'src/a.test.ts'], [one ?? '', two ?? '']), 'src/a.test.ts');
  assert.equal(nextOf([three ?? ''], [one ?? '', two ?? '']), undefined);
  assert.equal(nextOf(['src/a.test.ts'], ['src/b.test.ts', 'src/c.test.ts', 'src/d.test.ts']), undefined);
  assert.equal(nextOf(['src/a.test.ts'], ['src/b.test.ts'], 1), undefined);
  assert.equal(nextOf([], []), undefined);
});

test('what shares the machine with others is tried once more, and nothing else', () => {
  const files = [
    'test/e2e/a.test.ts',
    'src/upstream/a.test.ts',
    'src/imap/a.test.ts',
    'src/mime/a.test.ts',
    'web/a.test.ts',
  ];
  assert.deepEqual(files.filter(isShared), files.slice(0, 3));
});
