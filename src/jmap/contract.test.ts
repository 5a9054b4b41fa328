import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** What browser and server have agreed on. Who changes it changes this line too, and says so in the commit. */
const published = '85BcKPCzWuw1';

const files = ['app-password.ts', 'core.ts', 'errors.ts', 'keep.ts', 'mail.ts', 'methods.ts', 'quota.ts'];
/** Of the ids only their types and grammars; how a date is written is nobody's business. */
const agreed = /^(?:export type [^;]*|const \w+Grammar =[^;]*);$/gmu;

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

/** The contract without its prose: comments, blanks and imports do not count. */
const contract = (): string =>
  [...files.map(read), ...(read('ids.ts').match(agreed) ?? [])]
    .map((text) =>
      text
        .replaceAll(/\/\*[\s\S]*?\*\//gu, '')
        .replaceAll(/^\s*\/\/.*$/gmu, '')
        .replaceAll(/^import [\s\S]*?;$/gmu, '')
        .replaceAll(/[\s,;]+/gu, ' ')
        .trim(),
    )
    .join('\n');

test('J1 the contract is the one we published', () => {
  assert.equal(createHash('sha256').update(contract()).digest('base64url').slice(0, 12), published);
});
