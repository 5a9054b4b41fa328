import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type IndexOptions, openIndex } from './open.ts';
import type { Envelope, Found, Index, Mailbox, MailboxId, Query, Role, Uid } from './types.ts';

/** For tests: an index in a folder of its own, which goes with it. */
export interface TestIndex extends Disposable {
  readonly file: string;
  readonly key: Buffer;
  readonly index: Index;
  /** Closes and opens it again. */
  reopen(options?: IndexOptions): Index;
}

export const openTestIndex = (options: IndexOptions = {}): TestIndex => {
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-index-'));
  const file = path.join(folder, 'a.index');
  const key = Buffer.alloc(32, 7);
  let index = openIndex(file, key, options);
  return {
    file,
    key,
    get index() {
      return index;
    },
    reopen(other = options) {
      index[Symbol.dispose]();
      index = openIndex(file, key, other);
      return index;
    },
    [Symbol.dispose]() {
      index[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

type NewMailbox = Omit<Mailbox, 'id' | 'totalEmails' | 'unreadEmails' | 'totalThreads' | 'unreadThreads'>;

export const mailbox = (name: string, role: Role | null = null, patch: Partial<NewMailbox> = {}): NewMailbox => ({
  pathRaw: name,
  path: name,
  delimiter: '/',
  parent: null,
  name,
  role,
  noselect: false,
  subscribed: true,
  readOnly: false,
  keywordsAllowed: true,
  uidvalidity: 1,
  uidnext: 1,
  modseq: '0',
  exists: 0,
  lowUid: 0,
  state: 'live',
  ...patch,
});

/** Makes a mailbox and says its id. */
export const addMailbox = (index: Index, name: string, role: Role | null = null): MailboxId =>
  index.write((t) => t.saveMailbox(mailbox(name, role)).id);

export const envelope = (patch: Partial<Envelope> = {}): Envelope => ({
  subject: 'A subject',
  from: [{ name: 'Alice Example', email: 'alice@example.org' }],
  sender: [],
  replyTo: [],
  to: [{ name: null, email: 'bob@example.net' }],
  cc: [],
  bcc: [],
  messageId: null,
  inReplyTo: [],
  references: [],
  sentAt: 1_700_000_000,
  listId: null,
  bulk: 'none',
  ...patch,
});

/** One second of mail time per UID, so that higher UIDs are newer. */
export const found = (
  uid: number,
  patch: Partial<Omit<Found, 'uid' | 'envelope'>> & { envelope?: Partial<Envelope> } = {},
): Found => ({
  uid: uid as Uid,
  keywords: [],
  deleted: false,
  modseq: '0',
  receivedAt: 1_700_000_000 + uid,
  size: 1000 + uid,
  structure: null,
  hasAttachment: false,
  strongId: null,
  strongThread: null,
  ...patch,
  envelope: envelope({ messageId: `m${uid}@example.org`, ...patch.envelope }),
});

export const query = (patch: Partial<Query> = {}): Query => ({
  filter: null,
  sort: [],
  collapseThreads: false,
  position: 0,
  anchor: null,
  anchorOffset: 0,
  limit: 50,
  calculateTotal: false,
  ...patch,
});
