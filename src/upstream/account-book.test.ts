import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silent } from '#base/log.ts';
import { openStore } from '#store/open.ts';
import type { MailAccount } from '#store/types.ts';
import type { CertificateFacts } from '#vault/keeper.ts';
import { AccountBook } from './account-book.ts';
import { seedStore, testMailAccount } from './test-account.ts';

const certificate: CertificateFacts = {
  subject: 'imap.example.org',
  issuer: 'One',
  fingerprint: 'f1',
  key: 'k1',
  validFrom: 1_700_000_000,
  validTo: 2_000_000_000,
  altNames: ['imap.example.org'],
};

const open = async (more: Partial<MailAccount> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-book-'));
  const store = await openStore(join(folder, 'store.db'), { mode: 'direct' });
  const account = { ...testMailAccount(143, 'alice@village.test'), ...more };
  await seedStore(store, account);
  const book = async (): Promise<AccountBook> => {
    const row = await store.account(account.id);
    assert.ok(row);
    return new AccountBook({ account: row, store, clock: systemClock, log: silent });
  };
  const row = async (): Promise<MailAccount> => {
    const found = await store.account(account.id);
    assert.ok(found);
    return found;
  };
  const audit = async () =>
    (await store.auditOf(account.user, { since: 0, most: 20 })).map(({ facts }) => facts['what']);
  return {
    book,
    row,
    audit,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const showing = (shown: Partial<CertificateFacts>, privateAddress = false) => ({
  certificate: { ...certificate, ...shown },
  privateAddress,
  capabilities: [],
});

test('V107 a change of issuer, key or to a private address is reported and kept until it was seen; a renewal is none', async () => {
  await using it = await open();
  const book = await it.book();
  const meet = async (shown: Partial<CertificateFacts>, privateAddress = false) => {
    book.met('imap', showing(shown, privateAddress));
    await book.settled();
    return (await it.row()).certificates.imap;
  };
  assert.equal((await meet({}))?.change, null, 'the first is no change');
  assert.equal((await meet({ fingerprint: 'f2', validTo: 2_100_000_000 }))?.change, null, 'renewed with the same key');
  const changed = await meet({ fingerprint: 'f3', key: 'k2' });
  assert.deepEqual([changed?.change?.what, changed?.change?.before], [['key'], { issuer: 'One', fingerprint: 'f2' }]);
  assert.deepEqual(
    (await meet({ fingerprint: 'f3', key: 'k2' }))?.change,
    changed?.change,
    'it stands until it was seen',
  );
  const moved = await meet({ fingerprint: 'f4', key: 'k3', issuer: 'Two' }, true);
  assert.deepEqual(moved?.change?.what, ['issuer', 'key', 'private-address']);
  assert.deepEqual(new Set(await it.audit()), new Set(['key', 'issuer,key,private-address']));
});

test('V107 each server has its own; a pinned certificate is compared by the keeper alone', async () => {
  const { imap } = testMailAccount(143, 'alice@village.test');
  await using it = await open({ imap: { ...imap, pin: 'f1' } });
  const book = await it.book();
  book.met('imap', showing({}));
  book.met('smtp', showing({ issuer: 'Other', key: 'k9' }));
  book.met('imap', showing({ key: 'k2', fingerprint: 'f2' }));
  await book.settled();
  const { certificates } = await it.row();
  assert.deepEqual([certificates.imap?.change, certificates.smtp?.change], [null, null]);
  assert.deepEqual([certificates.imap?.key, certificates.smtp?.key], ['k2', 'k9']);
});

test('V106 a refusal stands in the row, over a start anew, until the server lets us in', async () => {
  await using it = await open();
  const book = await it.book();
  assert.deepEqual([book.mayTry('imap'), book.mayTry('smtp'), book.refusal], [true, true, null]);
  book.refused('imap', 'go away');
  await book.settled();
  const row = await it.row();
  assert.deepEqual([row.state, row.refused], ['refused', 'imap']);
  assert.deepEqual(book.refusal, { protocol: 'imap', words: 'go away' });
  const next = await it.book();
  assert.equal(next.refusedSince, row.stateAt);
  assert.deepEqual([next.mayTry('imap'), next.mayTry('smtp')], [false, false], 'SMTP has the same password');
  next.forgive();
  assert.deepEqual([next.mayTry('imap'), next.mayTry('smtp')], [true, true]);
  next.met('imap', showing({}));
  await next.settled();
  assert.deepEqual([(await it.row()).state, (await it.row()).refused, next.refusal], ['ok', null, null]);
});

test('V106 where SMTP has its own password, one server’s refusal is not the other’s', async () => {
  await using it = await open({ ownSmtp: true });
  const book = await it.book();
  book.refused('smtp', null);
  await book.settled();
  assert.deepEqual([book.mayTry('imap'), book.mayTry('smtp')], [true, false]);
  assert.deepEqual([(await it.row()).refused, (await it.book()).refusedSince], ['smtp', null]);
  book.met('imap', showing({}));
  await book.settled();
  assert.equal((await it.row()).state, 'refused', 'reading goes on, and the account still asks for the other password');
});

test('V115 what the submission server holds, and how many connections are taken, stands in the row', async () => {
  await using it = await open();
  const book = await it.book();
  assert.equal((await it.row()).smtpHold, null);
  book.met('smtp', { ...showing({}), capabilities: ['SIZE 100', 'FUTURERELEASE 7200 2099-01-01T00:00:00Z'] });
  book.connections(2);
  await book.settled();
  assert.deepEqual([(await it.row()).smtpHold, (await it.row()).connections], [7200, 2]);
  book.met('smtp', { ...showing({}), capabilities: ['SIZE 100'] });
  book.connections(null);
  await book.settled();
  assert.deepEqual([(await it.row()).smtpHold, (await it.row()).connections], [0, null]);
});
