import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** What browser and server have agreed on. Who changes it changes this line too, and says so in the commit. */
const published = 'zMkiJLE6Www6';

const files = ['core.ts', 'errors.ts', 'ids.ts', 'keep.ts', 'mail.ts', 'methods.ts'];

/** The contract without its prose: comments, blanks and imports do not count. */
const contract = (): string =>
  files
    .map((file) =>
      readFileSync(new URL(file, import.meta.url), 'utf8')
        .replaceAll(/\/\*[\s\S]*?\*\//gu, '')
        .replaceAll(/^\s*\/\/.*$/gmu, '')
        .replaceAll(/^import [\s\S]*?;$/gmu, '')
        .replaceAll(/[\s,;]+/gu, ' ')
        .trim(),
    )
    .join('\n');

test('the contract is the one we published', () => {
  assert.equal(createHash('sha256').update(contract()).digest('base64url').slice(0, 12), published);
});
