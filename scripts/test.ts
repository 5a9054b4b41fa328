/** Runs the tests (all, or the globs given) and ends with the line `N passed, N failed`. */
import { globSync } from 'node:fs';
import { relative } from 'node:path';
import { run } from 'node:test';

const globs = process.argv.slice(2);
const files = globSync(
  globs.length > 0 ? globs : ['scripts/**/*.test.ts', 'src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts'],
).toSorted();
const started = Date.now();

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(0)} s`;
const short = (file: string): string => relative(process.cwd(), file);

const reasonOf = (error: Error): string => {
  const { cause } = error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === 'string' ? cause : error.message;
};

/** One tally for each file. */
const tallies = async (these: readonly string[], concurrency: number): Promise<Map<string, Tally>> => {
  const found = new Map<string, Tally>();
  const of = (file: string | undefined): Tally => {
    const key = short(file ?? '');
    const tally = found.get(key) ?? { passed: 0, failed: 0, skipped: 0 };
    found.set(key, tally);
    return tally;
  };
  for await (const event of run({ files: [...these], concurrency, timeout: 600_000 })) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      process.stdout.write(event.data.message);
    } else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { name, file, details, skip } = event.data;
      if (details.type === 'suite') continue;
      if (skip !== undefined) {
        of(file).skipped += 1;
        console.log(`- ${name}: skipped${typeof skip === 'string' ? `, ${skip}` : ''}`);
      } else if (event.type === 'test:pass') {
        of(file).passed += 1;
      } else {
        of(file).failed += 1;
        console.log(`✖ ${name}\n  ${file ?? ''}\n  ${reasonOf(event.data.details.error).replaceAll('\n', '\n  ')}`);
      }
    } else if (event.type === 'test:summary' && event.data.file !== undefined) {
      const { counts, file } = event.data;
      console.log(`${counts.failed > 0 ? '✖' : '✔'} ${short(file)} ${counts.passed}/${counts.tests} (${seconds()})`);
    }
  }
  return found;
};

const results = await tallies(files, 2);

// Tests with a browser or whole servers share two cores with each other: what failed there has one more try, by itself.
// What fails again has failed.
const again = [...results].flatMap(([file, { failed }]) => (failed > 0 && file.startsWith('test/') ? [file] : []));
if (again.length > 0 && again.length <= 6) {
  console.log(`\nOnce more, one at a time: ${again.join(', ')}`);
  for (const [file, tally] of await tallies(again, 1)) results.set(file, tally);
}

const sum = (pick: (tally: Tally) => number): number => [...results.values()].reduce((n, tally) => n + pick(tally), 0);
const [passed, failed, skipped] = [sum((t) => t.passed), sum((t) => t.failed), sum((t) => t.skipped)];
const bad = failed > 0 || passed === 0 || files.length === 0;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = bad ? 1 : 0;
