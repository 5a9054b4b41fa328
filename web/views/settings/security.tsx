import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { PageHead } from './page-head.tsx';
import { Passkeys } from './passkeys.tsx';
import { LoadedRows, SetRow } from './row.tsx';
import { SitePassword } from './site-password.tsx';
import { Totp } from './totp.tsx';
import { listOf, useUnlockers } from './use-unlockers.ts';
import { unlockerWords } from '#model/unlockers/words.ts';
import { useModel } from '../model.ts';
import './unlockers.css';

const MailPasswords = ({ unlockers }: { unlockers: Unlockers }) => {
  const { clock } = useModel();
  const now = new Date(clock.now());
  return (
    <section aria-labelledby="set-mail-passwords">
      <h2 id="set-mail-passwords">Mail passwords</h2>
      <p class="set-lead-2">
        The password of a mail account opens Postern too. When you change it at your provider, Postern asks once for the
        one before, a passkey or your recovery code.
      </p>
      <LoadedRows
        state={listOf(unlockers, 'mail-password')}
        label="Mail passwords"
        none="No mail password opens Postern."
        onRetry={() => void unlockers.load()}
        row={(each) => (
          <SetRow key={each.id} icon="mail" title={each.name} detail={unlockerWords(each, now)} aside="" />
        )}
      />
    </section>
  );
};

export const SignInPage = () => {
  const unlockers = useUnlockers();
  return (
    <>
      <PageHead title="Sign-in and passkeys">
        What opens your mail here. Keep two ways at least: when one is lost, the other lets you in.
      </PageHead>
      <Passkeys unlockers={unlockers} />
      <SitePassword unlockers={unlockers} />
      <MailPasswords unlockers={unlockers} />
      <Totp unlockers={unlockers} />
    </>
  );
};
