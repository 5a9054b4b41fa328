import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { must } from '#base/must.ts';
import { openStore } from '#store/open.ts';
import type { Slot } from '#store/types.ts';
import { decodeDraft } from '#upstream/draft.ts';
import { Arena } from '#vault/arena.ts';
import { forRecord, forRecordKey, recordBinding } from '#vault/associated.ts';
import { openCredential } from '#vault/credential.ts';
import { open } from '#vault/envelope.ts';
import { HostKeys } from '#vault/host-keys.ts';
import type { SlotKind, UserKeys } from '#vault/keeper.ts';
import { derive, hashToken } from '#vault/keys.ts';
import { parseRecoveryCode } from '#vault/recovery-code.ts';
import { openSecretSlot, recoverySlotId } from '#vault/secret-slots.ts';
import { keysFit, openPasswordSlot, openSession } from '#vault/slots.ts';
import { base32 } from '#vault/totp.ts';
import type { Village } from '#village/dovecot.ts';
import type { Browser } from '../e2e/browser.ts';
import { addPasskey, makeRecovery, setSite, totpCode } from '../e2e/unlockers-kit.ts';
import { boxOf } from './mailbox.ts';
import { openPlace, signInSealed, startInstance } from './instance.ts';

/** What the person of a kept database brings, and when it was written. Its secrets open nothing but the fixture. */
interface Facts {
  /** Unix ms. */
  writtenAt: number;
  address: string;
  password: string;
  /** Values of the cookies, base64url. */
  token: string;
  unlockKey: string;
  apiToken: string;
  /** Stands in a draft. */
  subject: string;
  /** Unlockers of the user's own, and the secret of one-time codes; the first format had none. */
  others?: { sitePassword: string; recoveryCode: string; prf: string; totp: string };
}

type Value = string | number | Buffer | null;

const literal = (value: Value): string => {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : `x'${value.toString('hex')}'`;
};

/** A database as SQL text. */
const dump = (path: string): string => {
  const db = new Database(path, { readonly: true });
  const made = db.prepare(
    "SELECT sql, name, type FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
  );
  const parts = made.all() as { sql: string; name: string; type: string }[];
  const rows = parts
    .filter(({ type }) => type === 'table')
    .flatMap(({ name }) =>
      (db.prepare(`SELECT * FROM "${name}"`).raw().all() as Value[][]).map(
        (row) => `INSERT INTO "${name}" VALUES (${row.map((value) => literal(value)).join(', ')});`,
      ),
    );
  db.close();
  return [...parts.map(({ sql }) => `${sql};`), ...rows, ''].join('\n');
};

/** Adds one of each other unlocker. */
const addOthers = async (browser: Browser): Promise<NonNullable<Facts['others']>> => {
  const sitePassword = 'Vier Möwen lesen Zeitung';
  await setSite(browser, 'kept', sitePassword);
  const { key } = await addPasskey(browser);
  const recoveryCode = await makeRecovery(browser);
  const { secret } = (await (await browser.post('/auth/unlockers/totp/begin', {})).json()) as { secret: string };
  const confirmed = await browser.post('/auth/unlockers/totp', { code: totpCode(secret) });
  if (!confirmed.ok) throw new Error(await confirmed.text());
  return { sitePassword, recoveryCode, prf: Buffer.from(key.prf).toString('base64url'), totp: secret };
};

/** Signs in to a running Postern, writes a draft, makes a token, stops it, and keeps what is then on the disk. */
export const writeFormat = async (
  folder: string,
  village: Village,
  user: { address: string; password: string },
): Promise<void> => {
  using place = openPlace();
  await using postern = await startInstance(place.path, village);
  const { browser } = postern;
  const subject = 'Written by an earlier Postern';
  const signedIn = await signInSealed(browser, { ...user, remember: true });
  if (!signedIn.ok) throw new Error(await signedIn.text());
  const drafts = await boxOf(browser, 'drafts');
  const draft = { mailboxIds: { [drafts]: true }, keywords: { $draft: true }, subject };
  await browser.jmap([['Email/set', { create: { d: draft } }]]);
  await browser.post('/auth/prove', { password: user.password });
  const { token } = (await (await browser.post('/auth/tokens', { name: 'kept' })).json()) as { token: string };
  // Passkeys need a name.
  const others = await addOthers(browser.at(browser.url.replace('127.0.0.1', 'localhost')));
  const cookie = (name: string): string => must(browser.jar.get(name), name).value;
  const facts: Facts = {
    writtenAt: Date.now(),
    ...user,
    token: cookie('postern'),
    unlockKey: cookie('postern-key'),
    apiToken: token.replace('postern_', ''),
    subject,
    others,
  };
  await postern.stop();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'facts.json'), `${JSON.stringify(facts, null, 2)}\n`);
  writeFileSync(join(folder, 'postern.sql'), dump(join(postern.data, 'postern.db')));
  cpSync(postern.secretFile, join(folder, 'host.key'));
};

/** What a kept database yields to its owner. */
export interface Opened {
  facts: Facts;
  /** The passwords of the account. */
  imap: string;
  smtp: string;
  drafts: string[];
  /** Which unlockers gave the user key. */
  unlockers: string[];
}

/** Opens a kept database with today's code, in `scratch`. @throws whatever does not open */
export const openFormat = async (folder: string, scratch: string): Promise<Opened> => {
  const facts = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as Facts;
  const path = join(scratch, 'postern.db');
  const db = new Database(path);
  db.exec(readFileSync(join(folder, 'postern.sql'), 'utf8'));
  db.close();
  const secretFile = join(scratch, 'host.key');
  writeFileSync(secretFile, readFileSync(join(folder, 'host.key')), { mode: 0o600 });
  await using store = await openStore(`sqlite:${path}`, { mode: 'direct' });
  const clock = { now: () => facts.writtenAt, after: () => () => undefined };
  const host = new HostKeys(new Arena(100), secretFile, clock);
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

  const session = must(await store.sessionByTokenHash(hashToken(bytes(facts.token))), 'the session');
  const userKey = openSession(host, session, bytes(facts.unlockKey));
  const keys: UserKeys = must(await store.user(session.user), 'the user').keys;
  if (!keysFit(session.user, userKey, keys)) throw new Error('the keys do not fit');
  const unlockers = ['session'];
  const [slot] = await store.slots(session.user, 'mail-password');
  if ((await openPasswordSlot(host, must(slot, 'the slot'), Buffer.from(facts.password))).equals(userKey))
    unlockers.push('password');
  const token = must(await store.tokenByHash(hashToken(bytes(facts.apiToken))), 'the token');
  if (openSecretSlot(host, token.slot, bytes(facts.apiToken)).equals(userKey)) unlockers.push('token');

  const slotOf = async (kind: SlotKind): Promise<Slot> =>
    must((await store.slots(session.user, kind))[0], 'a slot of this kind');
  const { others } = facts;
  if (others) {
    const password = await openPasswordSlot(host, await slotOf('site-password'), Buffer.from(others.sitePassword));
    if (password.equals(userKey)) unlockers.push('site password');
    const passkey = await slotOf('passkey');
    if (openSecretSlot(host, passkey, bytes(others.prf), must(passkey.facts, 'facts')).equals(userKey))
      unlockers.push('passkey');
    const code = must(parseRecoveryCode(Buffer.from(others.recoveryCode)), 'a recovery code');
    const recovery = must(await store.slot(recoverySlotId(host, code)), 'the slot of the code');
    if (openSecretSlot(host, recovery, code).equals(userKey)) unlockers.push('recovery code');
  }

  const [account] = await store.accounts(session.user);
  const { id, imap, smtp, address } = must(account, 'the account');
  if (address !== facts.address) throw new Error('another address');
  const wrapKey = derive(userKey, 'postern/1/wrap-records');
  const passwordFor = async (target: typeof imap): Promise<string> => {
    const { binding, sealed } = must(await store.credential(id, target.protocol), 'the credential');
    return openCredential(wrapKey, { binding, sealed, target }).toString();
  };
  const drafts = (await store.records(session.user, id, 'draft')).map((row) => {
    const binding = recordBinding(row);
    const key = must(open(wrapKey, forRecordKey(binding), row.wrapped), 'the key of a record');
    return decodeDraft(must(open(key, forRecord(binding), row.sealed), 'a record')).raw.toString();
  });
  const [row] = await store.records(session.user, null, 'totp');
  if (row) {
    const key = must(open(wrapKey, forRecordKey(recordBinding(row)), row.wrapped), 'the key of a record');
    const secret = must(open(key, forRecord(recordBinding(row)), row.sealed), 'the secret of one-time codes');
    if (base32(secret).toString() === others?.totp) unlockers.push('one-time codes');
  }
  return { facts, imap: await passwordFor(imap), smtp: await passwordFor(smtp), drafts, unlockers };
};
