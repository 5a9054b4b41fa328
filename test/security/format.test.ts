import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDovecot } from '#village/dovecot.ts';
import { openFormat, writeFormat } from './format.ts';

/**
 * A promise to people: what an earlier Postern sealed, every later one opens. Each folder of `fixtures` was written by one
 * format: a session, its unlockers, the mail passwords and a draft, as rows of its database with the secret file. They
 * stay as they are for ever. A new format gets a folder of its own, by `POSTERN_TEST_KEEP=test/security/fixtures/NAME`.
 */
const fixtures = join(import.meta.dirname, 'fixtures');

const opensWhole = async (folder: string): Promise<void> => {
  const scratch = mkdtempSync(join(tmpdir(), 'postern-format-'));
  try {
    const { facts, imap, smtp, drafts, unlockers } = await openFormat(folder, scratch);
    const others = facts.others ? ['site password', 'passkey', 'recovery code', 'one-time codes'] : [];
    assert.deepEqual(unlockers, ['session', 'password', 'token', ...others]);
    assert.deepEqual([imap, smtp], [facts.password, facts.password]);
    assert.ok(drafts.some((draft) => draft.includes(facts.subject)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

for (const name of readdirSync(fixtures))
  test(`V1 what ${name} sealed opens: session, unlockers, mail passwords, draft`, () =>
    opensWhole(join(fixtures, name)));

test('V1 what is sealed today opens the same way', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-format-'));
  try {
    const user = { address: 'alice@village.test', password: 'Kornblume-77-Käserei' };
    await using village = await openDovecot({ users: [user] });
    await writeFormat(folder, village, user);
    await opensWhole(folder);
    const keep = process.env['POSTERN_TEST_KEEP'];
    if (keep !== undefined) cpSync(folder, keep, { recursive: true, errorOnExist: true, force: false });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
