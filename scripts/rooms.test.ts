import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';
import { aliases, rooms } from './rooms.ts';

const roomOf = (file: string): string | undefined =>
  Object.keys(rooms).find((room) => file.startsWith(room.startsWith('web/') ? `${room}/` : `src/${room}/`));

/** Every specifier a file imports, statically or dynamically with a literal. */
const importsOf = (file: string): string[] => {
  const { module } = parseSync(file, readFileSync(file, 'utf8'));
  const fixed = [
    ...module.staticImports.map((i) => i.moduleRequest.value),
    ...module.staticExports.flatMap((e) => e.entries.flatMap((x) => (x.moduleRequest ? [x.moduleRequest.value] : []))),
  ];
  const source = readFileSync(file, 'utf8');
  const dynamic = module.dynamicImports.map((i) =>
    source.slice(i.moduleRequest.start, i.moduleRequest.end).replace(/^['"`]|['"`]$/g, ''),
  );
  return [...fixed, ...dynamic];
};

const targetRoom = (specifier: string): string | undefined => {
  const name = /^#([a-z-]+)/.exec(specifier)?.[1];
  return name === undefined ? undefined : (aliases[name] ?? name);
};

test('each room imports only the rooms its row allows', () => {
  const breaches: string[] = [];
  for (const file of globSync(['src/**/*.ts', 'web/**/*.ts', 'web/**/*.tsx'])) {
    const room = roomOf(file);
    if (room === undefined) continue;
    const isTest = /\.test(?:kit)?\.ts$/.test(file);
    const allowed: readonly string[] = rooms[room as keyof typeof rooms];
    for (const specifier of importsOf(file)) {
      const target = targetRoom(specifier);
      if (target !== undefined && target !== room && !allowed.includes(target) && !(isTest && target === 'village'))
        breaches.push(`${file}: ${specifier}`);
      if (specifier.startsWith('.') && roomOf(relative('.', join(dirname(file), specifier))) !== room)
        breaches.push(`${file}: ${specifier} leaves its room`);
      if (specifier.startsWith('#') && target === room)
        breaches.push(`${file}: ${specifier} is its own room; import it relatively`);
    }
  }
  assert.deepEqual(breaches, []);
});

test('only the vault imports the crypto library', () => {
  const users = globSync('src/**/*.ts').filter(
    (file) => !file.startsWith('src/vault/') && importsOf(file).includes('sodium-native'),
  );
  assert.deepEqual(users, []);
});

test('the table itself points only upwards', () => {
  const order = Object.keys(rooms);
  for (const [room, allowed] of Object.entries(rooms))
    for (const other of allowed as readonly string[])
      if (other !== 'world') assert.ok(order.indexOf(other) < order.indexOf(room), `${room} -> ${other}`);
});
