import { useState } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { Accounts } from '#model/accounts/accounts.ts';
import { Dialog } from '#parts/dialog.tsx';

/** Asks once, and says what goes and what stays. With the only account goes all that is kept of the user. */
export const AccountRemove = ({
  account,
  accounts,
  only,
  onClose,
}: {
  account: AccountFacts;
  accounts: Accounts;
  only: boolean;
  onClose(): void;
}) => {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const remove = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(await (only ? accounts.leave() : accounts.remove(account)));
    setBusy(false);
  };
  return (
    <Dialog
      title={only ? 'Leave this Postern?' : `Remove ${account.name}?`}
      alert
      focus=".keep"
      returnTo={() => document.querySelector('.set-top h1')}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="btn keep" onClick={onClose}>
            Keep
          </button>
          <button type="button" class="btn danger" aria-disabled={busy} onClick={() => void remove()}>
            {only ? 'Delete everything here' : 'Remove account'}
          </button>
        </>
      }
    >
      <p>
        From this Postern go: the saved password of {account.address}, what was fetched of its mail, its settings and
        signatures, and letters that were written here and not sent yet.
        {only ? ' It is your only account: your passkeys, recovery code, tokens and sessions go too.' : ''}
      </p>
      <p class="acc-stays">
        Your mail stays on {account.imap.host}, with its folders and drafts. You can add the account again at any time.
      </p>
      {problem ? (
        <p class="set-wrong" role="alert">
          {problem.title} {problem.detail}
        </p>
      ) : null}
    </Dialog>
  );
};
