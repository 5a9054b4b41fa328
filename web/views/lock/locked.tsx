import { useEffect, useState } from 'preact/hooks';
import type { UnlockerKind } from '#jmap/auth/unlockers.ts';
import { offline } from '#model/asking.ts';
import { clockTime } from '#model/format.ts';
import { printRoute } from '#model/route.ts';
import { show } from '#model/unlockers/showing.ts';
import { Mark } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { Trouble } from '../unlock/trouble.tsx';
import { UnlockForm } from '../unlock/unlock-form.tsx';
import './locked.css';

/** As long as it is not known which unlockers there are. */
const everyKind: readonly UnlockerKind[] = ['mail-password', 'site-password', 'passkey', 'recovery'];

/** The address bar names no account while Postern is locked. */
const useQuietAddress = (): void => {
  const { router } = useModel();
  useEffect(() => {
    document.title = 'Postern';
    history.replaceState(null, '', '/');
    return () => history.replaceState(null, '', printRoute(router.route.peek()));
  }, []);
};

/** Postern is locked: one field or a passkey, and nothing of the mail. */
export const Locked = () => {
  const { connection, lock, router } = useModel();
  useQuietAddress();
  const [failed, setFailed] = useState(false);
  const leave = async (): Promise<void> => {
    setFailed(false);
    const answer = await fetch('/auth/sign-out', { method: 'POST' }).catch(() => null);
    if (answer?.status === 204) connection.closed();
    else setFailed(true);
  };
  return (
    <main class="locked">
      <div class="locked-arch" aria-hidden="true">
        <Mark />
      </div>
      <div class="locked-card">
        <h1>Postern is locked</h1>
        <p>Your drafts are kept. Last used {clockTime(lock.usedAt.value)}.</p>
        <UnlockForm
          kinds={lock.kinds.value ?? everyKind}
          verb="Open"
          show={(shown, totp) =>
            show(
              { fetch: (url, init) => fetch(url, init), credentials: navigator.credentials },
              '/auth/unlock',
              shown,
              totp,
            )
          }
          done={({ recovery }) => {
            lock.opened();
            if (recovery === 'used') router.go({ at: 'settings', page: 'vault' });
          }}
        />
        <button type="button" class="link locked-out" onClick={() => void leave()}>
          Sign out instead
        </button>
        <Trouble problem={failed ? offline : null} />
      </div>
    </main>
  );
};
