/** Runs the tests (all, or the globs given) and ends with the line `N passed, N failed`. */
import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import { atOnce, inOrder, isShared, nextOf } from './test-lanes.ts';

const globs = process.argv.slice(2);
const files = globSync(
  globs.length > 0 ? globs : ['scripts/**/*.test.ts', 'src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts'],
).toSorted();
const started = Date.now();

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
}

const short = (file: string): string => relative(process.cwd(), file);
const whole = (seconds: number): string => `${seconds.toFixed(0)} s`;

const reasonOf = (error: Error): string => {
  const { cause } = error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === 'string' ? cause : error.message;
};

/** Runs one file and says how it went, in one piece. */
const runFile = async (path: string): Promise<Tally> => {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0, seconds: 0 };
  const began = Date.now();
  let said = '';
  for await (const event of run({ files: [path], concurrency: 1, timeout: 300_000 })) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      said += event.data.message;
    } else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { name, file, details, skip } = event.data;
      if (details.type === 'suite') continue;
      if (skip !== undefined) {
        tally.skipped += 1;
        said += `- ${name}: skipped${typeof skip === 'string' ? `, ${skip}` : ''}\n`;
      } else if (event.type === 'test:pass' && resolve(name) === resolve(path)) {
        tally.failed += 1;
        said += '✖ it has no test\n';
      } else if (event.type === 'test:pass') {
        tally.passed += 1;
      } else {
        tally.failed += 1;
        said += `✖ ${name}\n  ${file ?? ''}\n  ${reasonOf(event.data.details.error).replaceAll('\n', '\n  ')}\n`;
      }
    }
  }
  tally.seconds = (Date.now() - began) / 1000;
  const { passed, failed, seconds } = tally;
  const all = passed + failed + tally.skipped;
  const at = whole((Date.now() - started) / 1000);
  process.stdout.write(
    `${said}${failed > 0 ? '✖' : '✔'} ${short(path)} ${passed}/${all} in ${whole(seconds)} (${at})\n`,
  );
  return tally;
};

/** One tally for each file. */
const tallies = async (these: readonly string[], most: number): Promise<Map<string, Tally>> => {
  const found = new Map<string, Tally>();
  const waiting = inOrder(these);
  const running = new Map<string, Promise<void>>();
  for (;;) {
    const file = nextOf(waiting, [...running.keys()], most);
    if (file !== undefined) {
      waiting.splice(waiting.indexOf(file), 1);
      const done = runFile(file).then((tally) => {
        found.set(short(file), tally);
        running.delete(file);
      });
      running.set(file, done);
    } else if (running.size > 0) {
      await Promise.race(running.values());
    } else return found;
  }
};

const results = await tallies(files, atOnce);

// What shares the machine with others and failed has one more try, by itself. What fails again has failed.
const again = [...results].flatMap(([file, { failed }]) => (failed > 0 && isShared(file) ? [file] : []));
if (again.length > 0 && again.length <= 6) {
  console.log(`\nOnce more, one at a time: ${again.join(', ')}`);
  for (const [file, tally] of await tallies(again, 1)) results.set(file, tally);
}

const longest = [...results].toSorted(([, a], [, b]) => b.seconds - a.seconds).slice(0, 8);
console.log(`\nLongest: ${longest.map(([file, { seconds }]) => `${file} ${whole(seconds)}`).join(', ')}`);
const sum = (pick: (tally: Tally) => number): number => [...results.values()].reduce((n, tally) => n + pick(tally), 0);
const [passed, failed, skipped] = [sum((t) => t.passed), sum((t) => t.failed), sum((t) => t.skipped)];
const bad = failed > 0 || passed === 0 || files.length === 0;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = bad ? 1 : 0;
