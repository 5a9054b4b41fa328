/** Raised with every change of the tables or of what a column means; a file of another version is made again. */
export const schemaVersion = 9;

const textOptions = `content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"`;

/**
 * - `email` is small and changes, `envelope` is large and hardly ever changes: flags and scans touch few pages. Its
 *   `preview` is null until it is known.
 * - `placement` mirrors the server, `member` is what the user sees (server and pending intents).
 * - `thread.boxes` is `[mailbox, emails, newest row, …]`; a merged thread stays as a signpost (`into`).
 * - `change` holds runs: `seq` is the number of the last id in `ids`.
 * - `ref` and `strong` have hashes for keys; what `strong` names may be gone, or another. `pairs` are doubles, key and
 *   value in turn.
 * - `todo_preview` and `todo_body` name Emails whose preview is unknown, whose text was not read.
 * - `fts_head` is written with the Email, `fts_whole` when its text is read, headers once more: one table answers a search.
 * - `spent` names rows that Emails had which are no more: no other gets them, for ids and blobs are for ever.
 * - A negative `uid` stands for "not known yet".
 */
export const schema = `
CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox(
  id INTEGER PRIMARY KEY,
  path_raw TEXT NOT NULL UNIQUE, path TEXT NOT NULL, delimiter TEXT, parent INTEGER, name TEXT NOT NULL, role TEXT,
  noselect INTEGER NOT NULL, subscribed INTEGER NOT NULL, read_only INTEGER NOT NULL, keywords_allowed INTEGER NOT NULL,
  uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq TEXT NOT NULL, exists_count INTEGER NOT NULL,
  low_uid INTEGER NOT NULL, state TEXT NOT NULL,
  total_emails INTEGER NOT NULL DEFAULT 0, unread_emails INTEGER NOT NULL DEFAULT 0,
  total_threads INTEGER NOT NULL DEFAULT 0, unread_threads INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE email(
  id INTEGER PRIMARY KEY, number INTEGER, thread INTEGER NOT NULL, flags INTEGER NOT NULL, labels TEXT,
  boxes TEXT NOT NULL, hidden INTEGER NOT NULL, size INTEGER NOT NULL, sent INTEGER, attachment INTEGER NOT NULL,
  bulk INTEGER NOT NULL, added INTEGER NOT NULL, strong TEXT
) STRICT;
CREATE INDEX email_thread ON email(thread, hidden);
CREATE UNIQUE INDEX email_number ON email(number) WHERE number IS NOT NULL;

CREATE TABLE envelope(
  email INTEGER PRIMARY KEY, subject TEXT NOT NULL, from_ TEXT, sender TEXT, reply_to TEXT, to_ TEXT, cc TEXT, bcc TEXT,
  message_id TEXT, in_reply_to TEXT, refs TEXT, list_id TEXT, structure TEXT, preview TEXT
) STRICT;
CREATE TABLE body_text(email INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE todo_preview(email INTEGER PRIMARY KEY) STRICT;
CREATE TABLE todo_body(email INTEGER PRIMARY KEY) STRICT;

CREATE TABLE placement(
  mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, email INTEGER NOT NULL, flags INTEGER NOT NULL, labels TEXT,
  modseq INTEGER NOT NULL, since INTEGER, PRIMARY KEY(mailbox, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX placement_email ON placement(email);
CREATE INDEX placement_waiting ON placement(since) WHERE uid < 0;

CREATE TABLE member(
  mailbox INTEGER NOT NULL, email INTEGER NOT NULL, thread INTEGER NOT NULL, flags INTEGER NOT NULL,
  PRIMARY KEY(mailbox, email)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_unseen ON member(mailbox, email, thread, flags) WHERE flags & 1 = 0;
CREATE INDEX member_flagged ON member(mailbox, email, thread, flags) WHERE flags & 2 = 2;

CREATE TABLE thread(
  id INTEGER PRIMARY KEY, subject INTEGER NOT NULL, emails INTEGER NOT NULL, unread INTEGER NOT NULL,
  unread_trash INTEGER NOT NULL, boxes TEXT NOT NULL, into_ INTEGER
) STRICT;
CREATE TABLE ref(key INTEGER PRIMARY KEY, thread INTEGER NOT NULL) STRICT;
CREATE TABLE ref_late(id INTEGER PRIMARY KEY, pairs BLOB NOT NULL) STRICT;
CREATE TABLE strong(key INTEGER PRIMARY KEY, email INTEGER NOT NULL) STRICT;
CREATE TABLE strong_late(id INTEGER PRIMARY KEY, pairs BLOB NOT NULL) STRICT;
CREATE TABLE gone(email INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE TABLE spent(email INTEGER PRIMARY KEY) STRICT;

CREATE TABLE intent(
  id INTEGER PRIMARY KEY AUTOINCREMENT, email INTEGER NOT NULL, kind TEXT NOT NULL, want TEXT NOT NULL,
  due INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, started INTEGER NOT NULL DEFAULT 0,
  mailbox INTEGER, uidvalidity INTEGER, uid INTEGER
) STRICT;
CREATE INDEX intent_email ON intent(email);
CREATE INDEX intent_due ON intent(due);

CREATE TABLE change(
  type INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL, ids TEXT NOT NULL,
  PRIMARY KEY(type, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE body(
  id INTEGER PRIMARY KEY, email INTEGER NOT NULL, part TEXT NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL,
  bytes BLOB NOT NULL, UNIQUE(email, part)
) STRICT;
CREATE INDEX body_used ON body(used, size);
CREATE TABLE blob(
  id TEXT PRIMARY KEY, type TEXT NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL
) STRICT;

CREATE TABLE correspondent(
  email TEXT PRIMARY KEY, name TEXT, words TEXT NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE fts_head USING fts5(subject, from_, to_, cc, bcc, preview, ${textOptions});
CREATE VIRTUAL TABLE fts_whole USING fts5(subject, from_, to_, cc, bcc, preview, body, ${textOptions});
INSERT INTO fts_head(fts_head, rank) VALUES('automerge', 0), ('crisismerge', 1990);
INSERT INTO fts_whole(fts_whole, rank) VALUES('automerge', 0), ('crisismerge', 1990);
`;
