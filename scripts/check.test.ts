/** The static checks, as tests, so that one command holds them all. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const clean = (file: string, ...parameters: string[]): void => {
  const done = spawnSync(process.execPath, [`node_modules/${file}`, ...parameters], { encoding: 'utf8' });
  assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`.slice(-4000));
};

for (const project of ['tsconfig.json', 'tsconfig.neutral.json', 'tsconfig.web.json', 'tsconfig.webtest.json'])
  test(`types: ${project}`, () => clean('typescript/bin/tsc', '-p', project));
test('lint, type-aware', () => clean('oxlint/bin/oxlint', '--quiet'));
test('format', () => clean('oxfmt/bin/oxfmt', '--check', '.'));
test('dead code: no unused file, export or dependency', () => clean('knip/bin/knip.js', '--no-progress'));
test('size budgets of the web app', () => clean('size-limit/bin.js'));
