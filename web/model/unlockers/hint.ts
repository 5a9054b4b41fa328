import { effect } from '@preact/signals-core';
import type { Unlockers } from '#jmap/auth/unlockers.ts';
import { getJson } from '../asking.ts';
import type { Model } from '../model.ts';

const kept = 'postern.vault';

/** Once, when a second account has come and only mail passwords open them: one key could open all. Never asked again. */
export const offerVault = (model: Model): (() => void) => {
  const wasSaid = (): boolean => model.storage.get(kept) !== null;
  const look = async (): Promise<void> => {
    const answer = await getJson<Unlockers>((url, init) => model.connection.fetch(url, init), '/auth/unlockers');
    if (!answer.ok || wasSaid()) return;
    model.storage.set(kept, 'said');
    if (answer.value.unlockers.some(({ kind }) => kind !== 'mail-password')) return;
    model.toasts.show('One key can open all your accounts', {
      icon: 'lock',
      life: 20_000,
      actions: [
        {
          label: 'Set up the vault',
          run: () => {
            model.toasts.dismiss();
            model.router.go({ at: 'settings', page: 'vault' });
          },
        },
      ],
    });
  };
  let asked = false;
  return effect(() => {
    if (asked || model.mails.value.length < 2 || wasSaid()) return;
    asked = true;
    // After what made the account has said its own word.
    model.clock.after(4_000, () => void look());
  });
};
