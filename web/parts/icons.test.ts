import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { icons } from './icons.ts';
import { laterIcons } from './later-icons.ts';

const folders: Readonly<Record<string, string>> = {
  base: 'src/base',
  jmap: 'src/jmap',
  model: 'web/model',
  parts: 'web/parts',
  views: 'web/views',
};

/** The modules that a module needs before it runs, and theirs. */
const needed = (path: string, found = new Map<string, string>()): Map<string, string> => {
  if (found.has(path)) return found;
  const text = readFileSync(path, 'utf8');
  found.set(path, text);
  for (const [, name = ''] of text.matchAll(/^(?:import|export) (?!type )(?:[^;'"]*? from )?'([^']+\.tsx?)';/gm)) {
    const [, room = '', rest = ''] = /^#(\w+)\/(.+)$/.exec(name) ?? [];
    needed(room === '' ? join(dirname(path), name) : join(folders[room] ?? room, rest), found);
  }
  return found;
};

test('what is drawn with the first list has its icons with it', () => {
  const first = needed('web/main.tsx');
  first.delete('web/parts/icons.ts');
  assert.ok(first.has('web/views/mailbox/row.tsx') && !first.has('web/views/settings/settings.tsx'));
  /** Views and parts name icons in many ways; elsewhere a word is an icon only where it is called so. */
  const names = (path: string, text: string, name: string): boolean =>
    /^web\/(?:views|parts)\//.test(path)
      ? text.includes(`'${name}'`) || text.includes(`"${name}"`)
      : text.includes(`icon: '${name}'`);
  const shows = (name: string): string[] =>
    [...first].filter(([path, text]) => names(path, text, name)).map(([path]) => path);
  for (const name of Object.keys(laterIcons)) assert.deepEqual(shows(name), [], name);
  for (const name of Object.keys(icons)) assert.ok(shows(name).length > 0, `${name} is shown`);
});
