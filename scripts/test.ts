/** Runs the tests (all, or the globs given) and ends with the line `N passed, N failed`. */
import { globSync } from 'node:fs';
import { run } from 'node:test';

const globs = process.argv.slice(2);
const files = globSync(
  globs.length > 0 ? globs : ['scripts/**/*.test.ts', 'src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts'],
).toSorted();
let passed = 0;
let failed = 0;
let skipped = 0;
const started = Date.now();

const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(0)} s`;

const events = run({ files, concurrency: 2, timeout: 600_000 });
for await (const event of events) {
  if (event.type === 'test:stdout' || event.type === 'test:stderr') {
    process.stdout.write(event.data.message);
  } else if (event.type === 'test:pass' || event.type === 'test:fail') {
    const { name, file, details, skip } = event.data;
    if (details.type === 'suite') continue;
    if (skip !== undefined) {
      skipped += 1;
      console.log(`- ${name}: skipped${typeof skip === 'string' ? `, ${skip}` : ''}`);
    } else if (event.type === 'test:pass') {
      passed += 1;
    } else {
      failed += 1;
      const { error } = event.data.details;
      console.log(
        `✖ ${name}\n  ${file ?? ''}\n  ${(error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error.message)).replaceAll('\n', '\n  ')}`,
      );
    }
  } else if (event.type === 'test:summary' && event.data.file !== undefined) {
    const { counts, file } = event.data;
    console.log(
      `${counts.failed > 0 ? '✖' : '✔'} ${file.replace(`${process.cwd()}/`, '')} ${counts.passed}/${counts.tests} (${seconds()})`,
    );
  }
}
if (files.length === 0) failed += 1;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
