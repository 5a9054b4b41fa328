import type { AccountFacts } from '#jmap/auth/accounts.ts';
import { Dialog } from '#parts/dialog.tsx';
import { Arch } from '#parts/people.tsx';
import { ContinueWith } from '../servers/continue-with.tsx';
import { initialOf } from '../gate.tsx';

/** For an account that signs in by an issuer: the person goes there once more. */
export const ConnectAgain = ({ account, onClose }: { account: AccountFacts; onClose(): void }) => (
  <Dialog
    title={`Connect ${account.name} again`}
    class="add"
    mark={<Arch initial={initialOf(account.name)} colour={account.colour} size="lg" />}
    onClose={onClose}
    footer={
      <button type="button" class="btn quiet" onClick={onClose}>
        Cancel
      </button>
    }
  >
    <p class="lead">
      You sign in as {account.address} at your provider, and come back here. Mail already here, drafts and settings
      stay.
    </p>
    <ContinueWith
      label="Continue at the provider"
      primary
      wish={{ address: account.address, purpose: 'renew', account: account.id }}
    />
  </Dialog>
);
