import { useEffect, useState } from 'preact/hooks';
import { openAccounts } from '#model/accounts/accounts.ts';
import type { Mail } from '#model/mail.ts';
import { useModel } from '../model.ts';
import { EnterPassword } from './enter-password.tsx';

/** The password of an account that needs it, asked for where one is. */
export const Repair = ({ mail, onClose }: { mail: Mail; onClose(): void }) => {
  const model = useModel();
  const [accounts] = useState(() => openAccounts(model));
  useEffect(() => {
    void accounts.load().then(() => {
      if (accounts.state.peek().at === 'ready') return;
      model.toasts.show('The account could not be asked for. Try again in a moment.', { tone: 'failed' });
      onClose();
    });
  }, []);
  const state = accounts.state.value;
  const account = state.at === 'ready' ? state.list.find((each) => each.id === mail.id) : undefined;
  return account ? <EnterPassword account={account} accounts={accounts} onClose={onClose} /> : null;
};
