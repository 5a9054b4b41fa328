import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cannotDump, scanCore, takeCores } from './core-of.ts';
import type { Instance } from './instance.ts';
import { scanMemory } from './memory-of.ts';
import { formsOf, openSearch, piecesOf, type Search } from './needles.ts';
import type { Scan } from './scanner.ts';

/** Copies of one secret in one process: in every form together, and in pieces of eight bytes of which no whole is left. */
export interface Copies {
  process: string;
  moment: string;
  what: string;
  whole: number;
  pieces: number;
  forms: string;
}

export type Secrets = Readonly<Record<string, Buffer | string>>;

export const nameOf = (instance: Instance, pid: number): string => {
  if (pid === instance.pid) return 'main';
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('keeper-process') ? 'keeper' : `other ${pid}`;
};

const searchOf = (secrets: Secrets): Search =>
  openSearch(Object.entries(secrets).flatMap(([name, value]) => [...formsOf(name, value), ...piecesOf(name, value)]));

const copiesIn = ({ bytes, counts }: Scan, process: string, moment: string, secrets: Secrets): Copies[] => {
  assert.ok(bytes > 20_000_000, `${bytes} bytes of ${process} were read`);
  return Object.entries(secrets).map(([what, value]): Copies => {
    const found = [...counts].filter(([name]) => name.startsWith(`${what} `));
    const inForms = found.filter(([name]) => !name.endsWith(' piece'));
    const raw = counts.get(`${what} raw`) ?? 0;
    const inWholes = raw * (Buffer.from(value).length - 7);
    return {
      process,
      moment,
      what,
      whole: inForms.reduce((sum, [, count]) => sum + count, 0),
      pieces: Math.max(0, (counts.get(`${what} piece`) ?? 0) - inWholes),
      forms: inForms.map(([name, count]) => `${name.slice(what.length + 1)} ${count}`).join(', '),
    };
  });
};

/** Every page of every process. */
export const look = async (instance: Instance, moment: string, secrets: Secrets): Promise<Copies[]> => {
  const search = searchOf(secrets);
  const rows = instance
    .family()
    .flatMap((pid) => copiesIn(scanMemory(pid, search), nameOf(instance, pid), moment, secrets));
  // Looking takes so long that connections were ended meanwhile: what asks next has to hear of it.
  await sleep(200);
  return rows;
};

/** A core of every process, which ends the instance. Skipped by name, with its reason, where none can be had. */
export const lookIntoCores = async (
  t: TestContext,
  instance: Instance,
  moment: string,
  secrets: Secrets,
): Promise<Copies[]> => {
  const rows: Copies[] = [];
  await t.test(`a core of each process: ${moment}`, { skip: cannotDump() ?? false }, async () => {
    const search = searchOf(secrets);
    const family = instance.family();
    const names = new Map(family.map((pid) => [pid, `core of ${nameOf(instance, pid)}`]));
    for await (const { pid, core } of takeCores(family, instance.folder))
      rows.push(...copiesIn(await scanCore(core, search), names.get(pid) ?? '', moment, secrets));
    assert.deepEqual([...new Set(rows.map((row) => row.process))], ['core of keeper', 'core of main']);
  });
  return rows;
};

export const table = (t: TestContext, rows: readonly Copies[]): void => {
  const cells = [['process', 'moment', 'secret', 'whole', 'pieces', 'forms']].concat(
    rows.map((row) => [row.process, row.moment, row.what, String(row.whole), String(row.pieces), row.forms]),
  );
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of cells) t.diagnostic(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
};

/** Rows in which there is anything of a secret, in processes and cores of a name. */
export const inPlain = (rows: readonly Copies[], what: string, process = /./): Copies[] =>
  rows.filter((row) => row.what === what && process.test(row.process) && row.whole + row.pieces > 0);

/** The user key lies in the keeper's one guarded allocation while its user is here, and nowhere else. */
export const assertGuarded = (rows: readonly Copies[]): void => {
  const keys = rows.filter(({ what }) => what === 'user key');
  assert.ok(keys.some(({ process }) => process === 'keeper'));
  for (const { process, moment, whole, pieces, forms } of keys) {
    const here = process === 'keeper' && moment !== 'signed out';
    assert.deepEqual([whole, pieces, forms], here ? [1, 0, 'raw 1'] : [0, 0, ''], `user key: ${process}, ${moment}`);
  }
};
