import { signal, type ReadonlySignal } from '@preact/signals-core';
import { binarySize } from '#base/octets.ts';
import type { AccountId } from '#jmap/ids.ts';
import type { Quota } from '#jmap/quota.ts';
import type { Connection } from '../connection.ts';
import { count } from '../format.ts';

/** How full a mailbox is, as the mail server tells it (RFC 9425). */
export interface Quotas {
  /** Empty when the server tells nothing, and before the first answer. */
  readonly list: ReadonlySignal<readonly Quota[]>;
  /** Reads it anew. Never rejects: what was known stands. */
  load(): Promise<void>;
}

export const openQuotas = (connection: Connection, accountId: AccountId): Quotas => {
  const list = signal<readonly Quota[]>([]);
  let last = 0;
  return {
    list,
    load: async () => {
      const mine = (last += 1);
      try {
        const answer = await connection.call('Quota/get', { accountId, ids: null }).answer;
        if (mine === last) list.value = answer.list;
      } catch {
        // The line is down: the next push asks again.
      }
    },
  };
};

export interface RoomWords {
  tone: 'ok' | 'near' | 'full';
  /** `3.2 GB of 5 GB used`, `812 of 1,000 messages` */
  title: string;
  /** What it means and what to do; null while there is nothing to do. */
  detail: string | null;
  /** 0 to 100, whole; 100 only when it is full. */
  percent: number;
}

const stays = 'What is here stays, and you can still read and send. Delete large letters and empty Trash to make room.';

const details: Record<Quota['resourceType'], Record<RoomWords['tone'], string | null>> = {
  octets: {
    ok: null,
    near: 'Nearly full. Once it is full, the server takes no new mail. Delete large letters and empty Trash.',
    full: `Full: the server takes no new mail. ${stays}`,
  },
  count: {
    ok: null,
    near: 'Nearly as many messages as the server takes. Then it takes no new mail. Delete some and empty Trash.',
    full: 'As many messages as the server takes: it takes no new mail. What is here stays. Delete some and empty Trash.',
  },
};

export const roomWords = (quota: Pick<Quota, 'resourceType' | 'used' | 'hardLimit' | 'warnLimit'>): RoomWords => {
  const { resourceType, used, hardLimit, warnLimit } = quota;
  const tone = used >= hardLimit ? 'full' : used >= (warnLimit ?? hardLimit) ? 'near' : 'ok';
  const title =
    resourceType === 'octets'
      ? `${binarySize(used)} of ${binarySize(hardLimit)} used`
      : `${count(used)} of ${count(hardLimit)} messages`;
  const percent = tone === 'full' ? 100 : Math.min(99, Math.floor((used / hardLimit) * 100));
  return { tone, title, detail: details[resourceType][tone], percent };
};

/** Something of the account is full. */
export const isFull = (quotas: readonly Quota[]): boolean => quotas.some((quota) => quota.used >= quota.hardLimit);
