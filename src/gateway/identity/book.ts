import { createHash } from 'node:crypto';
import type { IdentityId } from '#jmap/ids.ts';
import type { Identity } from '#jmap/mail.ts';
import type { SealedRecord } from '#store/types.ts';
import type { Context } from '../method.ts';
import { makeRecord, readRecord } from '../records.ts';
import type { Host, OpenAccount } from '../types.ts';

/** What is sealed of an identity; `mayDelete` follows from the others. */
export type StoredIdentity = Omit<Identity, 'id' | 'mayDelete'>;

/** An identity and the record it lies in; their ids are the same. */
export interface Entry {
  record: SealedRecord;
  identity: Identity;
}

/** Payloads opened before, by record and generation. */
const opened = new WeakMap<Host, Map<string, StoredIdentity>>();

const read = async (host: Host, record: SealedRecord): Promise<StoredIdentity> => {
  const known = opened.get(host) ?? new Map<string, StoredIdentity>();
  opened.set(host, known);
  const key = `${record.id} ${record.generation}`;
  const before = known.get(key);
  if (before) return before;
  const stored = JSON.parse((await readRecord(host, record)).toString('utf8')) as StoredIdentity;
  known.set(key, stored);
  return stored;
};

/** The first identity of an account has the same id wherever it is made. */
const firstId = (open: OpenAccount): string =>
  `I${createHash('sha256').update(`identity ${open.account.id}`).digest('hex').slice(0, 24)}`;

/** Seals and stores an identity; `before`: the record it replaces. @throws VaultError, StoreError */
export const saveIdentity = async (
  context: Pick<Context, 'caller' | 'clock'>,
  open: OpenAccount,
  id: string,
  stored: StoredIdentity,
  before?: SealedRecord,
): Promise<SealedRecord> => {
  const { host } = context.caller;
  const payload = Buffer.from(JSON.stringify(stored), 'utf8');
  const record = await makeRecord(
    host,
    open,
    'identity',
    payload,
    context.clock.now(),
    before ?? { id, generation: 0 },
  );
  await host.store.saveRecord(record);
  return record;
};

/** The identities of an account, oldest first; one made from its address when there is none. @throws VaultError, StoreError */
export const identitiesOf = async (context: Pick<Context, 'caller' | 'clock'>, open: OpenAccount): Promise<Entry[]> => {
  const { host } = context.caller;
  const { account } = open;
  let records = await host.store.records(host.user, account.id, 'identity');
  if (records.length === 0) {
    const name = account.name === account.address ? '' : account.name;
    const first = { name, email: account.address, replyTo: null, bcc: null, textSignature: '', htmlSignature: '' };
    records = [await saveIdentity(context, open, firstId(open), first)];
  }
  const entries: Entry[] = [];
  for (const record of records) {
    const stored = await read(host, record);
    entries.push({ record, identity: { id: record.id as IdentityId, ...stored, mayDelete: records.length > 1 } });
  }
  return entries.toSorted((a, b) => Number(b.record.id === firstId(open)) - Number(a.record.id === firstId(open)));
};
