import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stillClock } from '#base/clock.testkit.ts';
import { silent } from '#base/log.ts';
import { openIndex } from '#index/open.ts';
import type { Index, Uid } from '#index/types.ts';
import { openStore } from '#store/open.ts';
import type { Submission, SubmissionState } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import { openRecord, sealRecord } from '#vault/seal-record.ts';
import { digest } from './digest.ts';
import { InHand } from './in-hand.ts';
import { Outbox } from './outbox.ts';
import type { SendOutcome } from './outbox-step.ts';
import type { SentFolder } from './sent-folder.ts';
import { decodeSubmission, encodeSubmission, newSubmissionRecord } from './submission.ts';
import type { SubmissionRecord } from './submission.ts';
import { plainKeeper, seedStore, testMailAccount } from './test-account.ts';

export const raw = Buffer.from(
  'From: alice@village.test\r\nTo: bob@village.test\r\nSubject: hi\r\nMessage-ID: <o1@village.test>\r\n\r\nhello\r\n',
);

/** The mail server does all that is wished. */
export const carryOut = (index: Index): void =>
  index.write((t) => {
    for (const { id, want } of t.intents(Number.MAX_SAFE_INTEGER)) {
      const mailbox = want.kind === 'append' ? want.mailbox : 'to' in want ? want.to : null;
      t.intentDone(id, mailbox && { mailbox, uid: (1_000 + id) as Uid });
    }
  });

/** An outbox with a store and an index that are real, and servers that are not. */
export const open = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-outbox-'));
  const store = await openStore(`sqlite:${join(folder, 'store.db')}`, { mode: 'direct' });
  const account = testMailAccount(0, 'alice@village.test');
  await seedStore(store, account);
  const index = openIndex(join(folder, 'index.db'), randomBytes(32));
  const keeper = plainKeeper();
  const clock = stillClock();
  const servers = {
    taken: 0,
    filed: 0,
    inSent: false,
    filesItself: false,
    fileError: null as Error | null,
    answer: (): Promise<SendOutcome> => Promise.resolve({ at: 'accepted', reply: '250 2.0.0 ok', refused: [] }),
  };
  const sent: SentFolder = {
    get filesItself() {
      return servers.filesItself;
    },
    has: () => Promise.resolve(servers.inSent || servers.filed > 0),
    append: (message) => {
      if (servers.fileError !== null) return Promise.reject(servers.fileError);
      assert.deepEqual(message, raw);
      servers.filed += 1;
      return Promise.resolve();
    },
  };
  const outboxes: Outbox[] = [];
  const inHand = new InHand();
  const start = (instead: Partial<ConstructorParameters<typeof Outbox>[0]> = {}): Outbox => {
    const send = async (): Promise<SendOutcome> => {
      servers.taken += 1;
      return servers.answer();
    };
    const outbox = new Outbox({
      account,
      index,
      store,
      keeper,
      clock,
      log: silent,
      mayTry: () => true,
      random: () => 0,
      send,
      sent,
      nudge: () => carryOut(instead.index ?? index),
      inHand,
      ...instead,
    });
    outboxes.push(outbox);
    return outbox;
  };
  const sealed = async (id: string, bytes: Buffer) => {
    const row = {
      id,
      user: account.user,
      account: account.id,
      purpose: 'submission' as const,
      generation: 1,
      updatedAt: clock.now(),
    };
    return { ...row, ...(await sealRecord(keeper, recordBinding(row), bytes)) };
  };
  const box = index.write((t) =>
    t.saveMailbox({
      pathRaw: 'Drafts',
      path: 'Drafts',
      delimiter: '/',
      parent: null,
      name: 'Drafts',
      role: 'drafts',
      noselect: false,
      subscribed: true,
      readOnly: false,
      keywordsAllowed: true,
      uidvalidity: 5,
      uidnext: 1,
      modseq: '0',
      exists: 0,
      lowUid: 0,
      state: 'live',
    }),
  );
  const number = index.write((t) => {
    const local = t.addLocal(box.id, {
      ...digest(raw),
      keywords: ['$draft'],
      deleted: false,
      receivedAt: 1_700_000_000,
    });
    t.append(local, { kind: 'append', mailbox: box.id, keywords: ['$draft'], receivedAt: 0, replaces: null }, 0);
    return local;
  });
  carryOut(index);
  const record = newSubmissionRecord({
    identityId: 'I1',
    emailId: `M${number.toString(36)}`,
    threadId: 'T1',
    envelope: {
      mailFrom: { email: 'alice@village.test', parameters: { HOLDFOR: '10' } },
      rcptTo: [{ email: 'bob@village.test', parameters: null }],
    },
    messageId: 'o1@village.test',
    createdAt: clock.now(),
    sendAt: clock.now() + 10_000,
    wantsSentCopy: true,
    onSuccessUpdateEmail: { 'keywords/$draft': null, 'keywords/$seen': true },
  });
  const put = async (state: SubmissionState, more: Partial<SubmissionRecord> = {}, id = 'S1'): Promise<Submission> => {
    const row: Submission = {
      id,
      user: account.user,
      account: account.id,
      state,
      sendAt: record.sendAt,
      tries: 0,
      updatedAt: clock.now(),
      record: await sealed(`${id}-record`, encodeSubmission({ ...record, ...more })),
      message: await sealed(`${id}-message`, raw),
    };
    await store.saveSubmission(row);
    return row;
  };
  const state = async (): Promise<SubmissionState | undefined> => (await store.submission('S1'))?.state;
  const count = async (): Promise<number> => (await store.submissions(account.id)).length;
  const said = async (id = 'S1'): Promise<SubmissionRecord> => {
    const row = await store.submission(id);
    assert.ok(row);
    return decodeSubmission(await openRecord(keeper, recordBinding(row.record), row.record));
  };
  const keywords = (): string[] => index.read((reader) => reader.email(number)?.keywords ?? []);
  const changes = (): string => index.read((reader) => reader.state('EmailSubmission'));
  return {
    servers,
    folder,
    index,
    box,
    number,
    clock,
    store,
    start,
    put,
    state,
    count,
    said,
    keywords,
    changes,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        outboxes.map((outbox) => Promise.race([outbox.close(), new Promise((resolve) => setTimeout(resolve, 50))])),
      );
      index[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
