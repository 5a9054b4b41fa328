import { useEffect, useRef } from 'preact/hooks';
import type { AppPasswordPolicy } from '#jmap/app-password.ts';
import type { AppPasswords } from '#model/app-passwords.ts';
import { useModel } from '../model.ts';
import { FreshPassword } from './app-passwords-fresh.tsx';
import { AppPasswordList } from './app-passwords-list.tsx';
import { NewAppPasswordForm } from './app-passwords-new.tsx';
import { Bones } from './row.tsx';

const Away = ({ passwords }: { passwords: AppPasswords }) => {
  const state = passwords.state.value;
  if (state.at === 'loading') return <Bones />;
  if (state.at === 'ready') return null;
  return (
    <div class="ap-away" role="alert">
      <div>
        <b>Your mail works on. App passwords cannot be shown or changed now.</b>
        <p>
          {state.at === 'away'
            ? `The database that keeps them does not answer. Nothing was changed.${state.words ? ` The server said: ${state.words}` : ''}`
            : 'The list could not be fetched. Nothing was changed.'}
        </p>
      </div>
      <button type="button" class="btn" onClick={() => void passwords.load()}>
        Try again
      </button>
    </div>
  );
};

/** The app passwords of an account whose server Postern manages them for. */
export const ManagedHere = (props: {
  passwords: AppPasswords;
  /** Moves when push tells of a change. */
  told: string | null;
  policy: AppPasswordPolicy;
  account: string;
  person: string;
  making: boolean;
  onMade(): void;
}) => {
  const { passwords, policy, account, person, making, onMade } = props;
  const { clock } = useModel();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => void passwords.load(), [passwords, props.told]);
  useEffect(() => {
    const seen = (): void => {
      if (document.visibilityState === 'visible') void passwords.load();
    };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [passwords]);
  const focusList = (): void => heading.current?.focus();
  const state = passwords.state.value;
  const fresh = passwords.fresh.value;
  return (
    <>
      {making && state.at === 'ready' ? (
        <NewAppPasswordForm
          policy={policy}
          list={state.list}
          now={clock.now}
          onCreate={(wish) => passwords.create(wish)}
          onClose={onMade}
        />
      ) : null}
      {fresh ? (
        <FreshPassword
          fresh={fresh}
          person={person}
          account={account}
          onTook={passwords.took}
          onClose={() => {
            passwords.putAway();
            focusList();
          }}
        />
      ) : null}
      <h2 ref={heading} class="vh" tabIndex={-1}>
        App passwords of {account}
      </h2>
      <Away passwords={passwords} />
      <AppPasswordList passwords={passwords} policy={policy} account={account} focusList={focusList} />
    </>
  );
};
