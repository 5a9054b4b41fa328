import { useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { UnlockerFacts } from '#jmap/auth/unlockers.ts';
import { isProblem } from '#model/asking.ts';
import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { Trouble } from '../unlock/trouble.tsx';
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
  const { clock, toasts, ask } = useModel();
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const now = new Date(clock.now());
  const remove = async (mail: UnlockerFacts): Promise<void> => {
    const sure = await ask({
      title: `Remove the mail password of ${mail.name}?`,
      text: 'It opens Postern no more: you sign in with a passkey, your password of Postern or the recovery code. Postern still fetches and sends the mail of this account.',
      yes: 'Remove mail password',
      no: 'Keep it',
    });
    if (!sure) return;
    const answer = await unlockers.remove(mail);
    setProblem(answer.ok || isProblem(answer.problem, 'proof-needed') ? null : answer.problem);
    if (answer.ok) toasts.show('The mail password opens Postern no more', { life: 4_000 });
    heading.current?.focus();
  };
  return (
    <section aria-labelledby="set-mail-passwords">
      <h2 id="set-mail-passwords" ref={heading} tabIndex={-1}>
        Mail passwords
      </h2>
      <p class="set-lead-2">
        The password of a mail account opens Postern too. When you change it at your provider, Postern asks once for the
        one before, a passkey or your recovery code.
      </p>
      <div class="unl-trouble">
        <Trouble problem={problem} />
      </div>
      <LoadedRows
        state={listOf(unlockers, 'mail-password')}
        label="Mail passwords"
        none="No mail password opens Postern."
        onRetry={() => void unlockers.load()}
        row={(each) => (
          <SetRow key={each.id} icon="mail" title={each.name} detail={unlockerWords(each, now)} aside="">
            <button
              type="button"
              class="btn quiet danger"
              aria-label={`Remove the mail password ${each.name}`}
              onClick={() => void remove(each)}
            >
              Remove
            </button>
          </SetRow>
        )}
      />
    </section>
  );
};

/** Somebody whom an issuer let in, or who keeps nothing: sessions alone open what is here. */
const NoneYet = ({ unlockers }: { unlockers: Unlockers }) => {
  const { value: state } = unlockers.state;
  if (state.at !== 'ready' || state.value.unlockers.length > 0) return null;
  return (
    <div class="set-status" role="note">
      <span class="dot wait" />
      <div>
        <b>Only this browser opens your Postern now.</b>
        <p>
          Make a passkey, a password or a recovery code. Without one, drafts and settings kept here go when your last
          session ends. Your mail stays on its server.
        </p>
      </div>
    </div>
  );
};

export const SignInPage = () => {
  const unlockers = useUnlockers();
  return (
    <>
      <PageHead title="Sign-in and passkeys">
        What opens your mail here. Keep two ways at least: when one is lost, the other lets you in.
      </PageHead>
      <NoneYet unlockers={unlockers} />
      <Passkeys unlockers={unlockers} />
      <SitePassword unlockers={unlockers} />
      <MailPasswords unlockers={unlockers} />
      <Totp unlockers={unlockers} />
    </>
  );
};
