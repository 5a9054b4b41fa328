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

/** The identity that we made and nobody has changed. */
const isUntouched = (open: OpenAccount, record: SealedRecord): boolean =>
  record.id === firstId(open) && record.generation <= 1;

/** What people call themselves: the name before their address in the letters they sent last; '' when there is none. */
const ownName = ({ account, index }: OpenAccount): string =>
  index.read((reader) => {
    const sent = reader.mailboxes().find((box) => box.role === 'sent');
    if (sent === undefined) return '';
    const newest = {
      sort: [],
      collapseThreads: false,
      position: 0,
      anchor: null,
      anchorOffset: 0,
      calculateTotal: false,
    };
    const { ids } = reader.query({ ...newest, filter: { op: 'is', inMailbox: sent.id }, limit: 20 });
    const senders = reader.emails(ids).flatMap((email) => email.envelope.from);
    const own = senders.find((each) => each.name && each.email.toLowerCase() === account.address.toLowerCase());
    return own?.name ?? '';
  });

/** The identities of an account: the user's default, the one made first, then the others; one for its address when there is none. @throws VaultError, StoreError */
export const identitiesOf = async (context: Pick<Context, 'caller' | 'clock'>, open: OpenAccount): Promise<Entry[]> => {
  const { host } = context.caller;
  const { account } = open;
  let records = await host.store.records(host.user, account.id, 'identity');
  if (records.length === 0) {
    // An account that nobody named bears the name of its domain; that is no person's.
    const name = account.address.endsWith(`@${account.name}`) || account.name === account.address ? '' : account.name;
    const first = { name, email: account.address, replyTo: null, bcc: null, textSignature: '', htmlSignature: '' };
    records = [await saveIdentity(context, open, firstId(open), first)];
  }
  const entries: Entry[] = [];
  for (const record of records) {
    const kept = await read(host, record);
    const stored = kept.name === '' && isUntouched(open, record) ? { ...kept, name: ownName(open) } : kept;
    entries.push({ record, identity: { id: record.id as IdentityId, ...stored, mayDelete: records.length > 1 } });
  }
  const places = [account.identity, firstId(open)];
  const place = ({ record }: Entry): number => (places.indexOf(record.id) + places.length + 1) % (places.length + 1);
  return entries.toSorted((a, b) => place(a) - place(b));
};
