import type { Clock } from '#base/clock.ts';
import * as accounts from './accounts.ts';
import * as audit from './audit.ts';
import type { Db } from './db.ts';
import { asStoreError } from './errors.ts';
import * as records from './records.ts';
import * as sessions from './sessions.ts';
import * as slots from './slots.ts';
import * as submissions from './submissions.ts';
import type { Store } from './types.ts';
import { turnKeys } from './turn-keys.ts';
import * as users from './users.ts';

/** The store over SQL, the same for both dialects; what each method promises stands at {@link Store}. */
export class SqlStore implements Store {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #close: () => Promise<void>;

  /** `close` is called when the store is disposed of. */
  constructor(db: Db, clock: Clock, close: () => Promise<void>) {
    this.#db = db;
    this.#clock = clock;
    this.#close = close;
  }

  /** One statement, which is its own transaction. */
  async #one<T>(work: (db: Db) => Promise<T>): Promise<T> {
    try {
      return await work(this.#db);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Several statements, all or none. */
  #all<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return this.#one((db) => db.transaction().execute(work));
  }

  async healthy(): Promise<boolean> {
    try {
      // In a transaction: with SQLite that takes the lock of writers, and a database that can only be read is not well.
      const row = await this.#all((db) => db.selectFrom('schema_version').select('version').executeTakeFirst());
      return row !== undefined;
    } catch {
      return false;
    }
  }

  user: Store['user'] = (id) => this.#one((db) => users.user(db, id));
  userByLogin: Store['userByLogin'] = (imap) => this.#all((db) => users.userByLogin(db, imap));
  userBySiteName: Store['userBySiteName'] = (name) => this.#all((db) => users.userBySiteName(db, name));
  users: Store['users'] = () => this.#one((db) => users.users(db));
  usersNamed: Store['usersNamed'] = (name) => this.#one((db) => users.usersNamed(db, name));
  setSiteName: Store['setSiteName'] = (user, name) => this.#one((db) => users.setSiteName(db, user, name));
  setLocked: Store['setLocked'] = (user, at) => this.#one((db) => users.setLocked(db, user, at));
  takeTotpStep: Store['takeTotpStep'] = (user, step) => this.#one((db) => users.takeTotpStep(db, user, step));
  createUser: Store['createUser'] = (rows) => this.#all((db) => users.createUser(db, rows));
  addSession: Store['addSession'] = (rows) => this.#all((db) => users.addSession(db, rows));
  deleteUser: Store['deleteUser'] = (id) => this.#all((db) => users.deleteUser(db, id));

  accounts: Store['accounts'] = (user) => this.#one((db) => accounts.accounts(db, user));
  saveAccount: Store['saveAccount'] = (account) => this.#one((db) => accounts.saveAccount(db, account));
  keepAccount: Store['keepAccount'] = (rows) => this.#all((db) => accounts.keepAccount(db, rows));
  account: Store['account'] = (id) => this.#one((db) => accounts.account(db, id));
  changeAccount: Store['changeAccount'] = (id, change) => this.#all((db) => accounts.changeAccount(db, id, change));
  deleteAccount: Store['deleteAccount'] = (id) => this.#all((db) => accounts.deleteAccount(db, id));
  detachLogin: Store['detachLogin'] = (account) => this.#all((db) => accounts.detachLogin(db, account));
  credentials: Store['credentials'] = (user) => this.#one((db) => accounts.credentials(db, user));
  credential: Store['credential'] = (account, protocol) =>
    this.#one((db) => accounts.credential(db, account, protocol));
  saveCredentials: Store['saveCredentials'] = (list) => this.#all((db) => accounts.saveCredentials(db, list));

  sessionByTokenHash: Store['sessionByTokenHash'] = (hash) => this.#one((db) => sessions.sessionByTokenHash(db, hash));
  sessionByRetiredToken: Store['sessionByRetiredToken'] = (hash) =>
    this.#one((db) => sessions.sessionByRetiredToken(db, hash));
  session: Store['session'] = (id) => this.#one((db) => sessions.session(db, id));
  sessions: Store['sessions'] = (user) => this.#one((db) => sessions.sessions(db, user));
  saveSession: Store['saveSession'] = (session) => {
    const now = this.#clock.now();
    return this.#all((db) => sessions.saveSession(db, session, now));
  };
  touchSession: Store['touchSession'] = (id, at) => this.#one((db) => sessions.touchSession(db, id, at));
  deleteSession: Store['deleteSession'] = (id) => this.#one((db) => sessions.deleteSession(db, id));
  deleteExpiredSessions: Store['deleteExpiredSessions'] = (now) =>
    this.#one((db) => sessions.deleteExpiredSessions(db, now));

  slots: Store['slots'] = (user, kind) => this.#one((db) => slots.slots(db, user, kind));
  slot: Store['slot'] = (id) => this.#one((db) => slots.slot(db, id));
  saveSlots: Store['saveSlots'] = (saved, siteName) => this.#all((db) => slots.saveSlots(db, saved, siteName));
  sealSlots: Store['sealSlots'] = (sealed) => this.#all((db) => slots.sealSlots(db, sealed));
  renameSlot: Store['renameSlot'] = (user, id, name) => this.#one((db) => slots.renameSlot(db, user, id, name));
  touchSlot: Store['touchSlot'] = (id, at, count) => this.#all((db) => slots.touchSlot(db, id, at, count));
  deleteSlot: Store['deleteSlot'] = (user, id) => this.#all((db) => slots.deleteSlot(db, user, id));
  turnKeys: Store['turnKeys'] = (turned) => {
    const now = this.#clock.now();
    return this.#all((db) => turnKeys(db, turned, now));
  };
  saveToken: Store['saveToken'] = (token) => this.#all((db) => sessions.saveToken(db, token));
  tokenByHash: Store['tokenByHash'] = (hash) => this.#all((db) => sessions.tokenByHash(db, hash));
  tokens: Store['tokens'] = (user) => this.#all((db) => sessions.tokens(db, user));
  touchToken: Store['touchToken'] = (id, at) => this.#one((db) => sessions.touchToken(db, id, at));
  deleteToken: Store['deleteToken'] = (user, id) => this.#all((db) => sessions.deleteToken(db, user, id));

  records: Store['records'] = (user, account, purpose) =>
    this.#one((db) => records.records(db, user, account, purpose));
  allRecords: Store['allRecords'] = (user) => this.#one((db) => records.allRecords(db, user));
  record: Store['record'] = (id) => this.#one((db) => records.record(db, id));
  saveRecord: Store['saveRecord'] = (record) => this.#one((db) => records.saveRecord(db, record));
  deleteRecord: Store['deleteRecord'] = (id) => this.#one((db) => records.deleteRecord(db, id));

  submissions: Store['submissions'] = (account, span = {}) =>
    this.#all((db) => submissions.submissions(db, account, span));
  submission: Store['submission'] = (id) => this.#all((db) => submissions.submission(db, id));
  dueSubmissions: Store['dueSubmissions'] = (account, now) =>
    this.#all((db) => submissions.dueSubmissions(db, account, now));
  saveSubmission: Store['saveSubmission'] = (saved) => this.#all((db) => submissions.saveSubmission(db, saved));
  moveSubmission: Store['moveSubmission'] = (id, from, to, patch = {}) => {
    const now = this.#clock.now();
    return this.#all((db) => submissions.moveSubmission(db, id, from, to, patch, now));
  };
  deleteSubmission: Store['deleteSubmission'] = (id) => this.#all((db) => submissions.deleteSubmission(db, id));
  forgetSubmissions: Store['forgetSubmissions'] = (account, before, most) =>
    this.#all((db) => submissions.forgetSubmissions(db, account, before, most));

  audit: Store['audit'] = (entry) => this.#one((db) => audit.audit(db, entry));
  auditOf: Store['auditOf'] = (user, span) => this.#one((db) => audit.auditOf(db, user, span));
  dropAudit: Store['dropAudit'] = (before) => this.#one((db) => audit.dropAudit(db, before));

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
