import { useEffect, useState } from 'preact/hooks';
import type { AccountId } from '#jmap/ids.ts';
import type { Quota } from '#jmap/quota.ts';
import { openQuotas } from '#model/accounts/quota.ts';
import type { Mail } from '#model/mail.ts';
import type { Model } from '#model/model.ts';

/** The quotas of an account, read anew whenever push says that they have changed. */
export const useQuotas = (model: Model, id: AccountId, mail: Mail | undefined): readonly Quota[] => {
  const [quotas] = useState(() => openQuotas(model.connection, id));
  const told = mail?.quotas.value ?? null;
  const there = mail !== undefined;
  useEffect(() => {
    if (there) void quotas.load();
  }, [there, told]);
  return quotas.list.value;
};
