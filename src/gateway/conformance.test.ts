import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** docs/conformance says of each clause which tests hold it, or why there is none. */
interface Ledger {
  rfc: number;
  clauses: { section: string; level: 'MUST' | 'SHOULD' | 'MAY'; says: string; tests?: string[]; left?: string }[];
}

const root = path.resolve(import.meta.dirname, '../..');
const ledgers = globSync('docs/conformance/rfc*.json', { cwd: root }).map(
  (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8')) as Ledger,
);

const names = new Set(
  globSync(['src/gateway/**/*.test.ts', 'src/jmap/*.test.ts'], { cwd: root }).flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/^test\(\s*'([^\n]+?)',/gmu)].map(
      (match) => match[1] ?? '',
    ),
  ),
);

test('every clause of the ledger names tests that exist, or says why it has none', () => {
  assert.deepEqual(
    ledgers.map((ledger) => ledger.rfc).toSorted((a, b) => a - b),
    [8620, 8621, 9425],
  );
  for (const { rfc, clauses } of ledgers) {
    for (const { section, says, tests = [], left } of clauses) {
      const clause = `RFC ${rfc} §${section} ${says}`;
      assert.ok(tests.length > 0 !== (left !== undefined), clause);
      for (const name of tests) assert.ok(names.has(name), `${clause}: ${name}`);
    }
  }
});

test('every test that bears an RFC stands in the ledger', () => {
  const told = new Set(ledgers.flatMap(({ clauses }) => clauses.flatMap(({ tests = [] }) => tests)));
  for (const name of names) if (/^RFC (?:862[01]|9425)/u.test(name)) assert.ok(told.has(name), name);
});
