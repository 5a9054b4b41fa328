import { useEffect, useRef, useState } from 'preact/hooks';
import type { AppPassword, AppPasswordPolicy, AppPasswordQuestion } from '#jmap/app-password.ts';
import type { AppPasswords, Outcome, Revoked } from '#model/app-passwords.ts';
import { dateWords, policyWords } from '#model/app-passwords-words.ts';
import { counted } from '#model/format.ts';
import type { Model } from '#model/model.ts';
import { useModel } from '../model.ts';
import { RenameDialog, RotateDialog, StolenDialog } from './app-passwords-dialogs.tsx';
import { FreshPassword } from './app-passwords-fresh.tsx';
import { NewAppPasswordForm } from './app-passwords-new.tsx';
import { AppPasswordTable, type RowActs } from './app-passwords-table.tsx';

/** The toast speaks from the answer: what is not done is never said to be. */
const say = ({ toasts }: Model, outcome: Outcome, done: string, failed: string): void => {
  if (outcome.at === 'done') toasts.show(done, { icon: 'check', life: 4_000 });
  else if (outcome.at === 'failed') toasts.show(`${failed} ${outcome.words}`, { tone: 'failed' });
};

const sayRevoked = ({ toasts }: Model, { gone, words }: Revoked, what: string): void => {
  if (words !== null) toasts.show(`${what}: ${words}`, { tone: 'failed' });
  else if (gone.length > 0)
    toasts.show(`${what} ${gone.length === 1 ? 'is' : 'are'} revoked, and what was open is closed`, {
      icon: 'check',
      life: 6_000,
    });
};

const revokeText = ({ own, state }: AppPassword): string => {
  if (own)
    return 'Postern itself uses this one to fetch and send your mail. Without it Postern asks you for your password again.';
  if (state === 'expired') return 'It opens nothing any more. It only leaves the list.';
  return 'It stops working at once, and what it has open is closed. Your other programs stay as they are. This cannot be undone.';
};

/** After the main password has changed: do they stay? */
const Question = (props: {
  question: AppPasswordQuestion;
  now: Date;
  busy: boolean;
  onSettle(keep: boolean): void;
}) => (
  <section class="set-card ap-question" aria-labelledby="ap-question">
    <h2 id="ap-question">Your main password has changed</h2>
    <p>
      It was noticed on {dateWords(props.question.changedAt, props.now)}. Your app passwords go on working. If somebody
      else may have known the old password, revoke them all and make new ones.
    </p>
    <div class="set-acts">
      <button type="button" class="btn" aria-disabled={props.busy} onClick={() => props.onSettle(true)}>
        Keep them
      </button>
      <button type="button" class="btn danger" aria-disabled={props.busy} onClick={() => props.onSettle(false)}>
        Revoke all
      </button>
    </div>
  </section>
);

type Shown = { at: 'rename' | 'rotate'; item: AppPassword } | { at: 'stolen' } | null;

const List = (props: { passwords: AppPasswords; policy: AppPasswordPolicy; account: string; focusList(): void }) => {
  const { passwords, policy, account, focusList } = props;
  const model = useModel();
  const [shown, setShown] = useState<Shown>(null);
  const [settling, setSettling] = useState(false);
  const more = useRef<HTMLDivElement>(null);
  const state = passwords.state.value;
  if (state.at !== 'ready') return null;
  const now = new Date(model.clock.now());
  const { list, question } = state;
  const others = list.filter(({ own }) => !own);

  const revoke = async (item: AppPassword): Promise<void> => {
    const sure =
      item.state === 'revoking' ||
      (await model.ask({
        title: `Revoke “${item.name}”?`,
        text: revokeText(item),
        yes: 'Revoke',
        no: 'Keep it',
      }));
    if (!sure) return;
    sayRevoked(model, await passwords.revoke([item.id]), `“${item.name}”`);
    if (document.activeElement === document.body) focusList();
  };
  const revokeAll = async (): Promise<void> => {
    const sure = await model.ask({
      title: `Revoke ${counted(others.length, 'app password')}?`,
      text: 'Every program with an app password of this account stops at once. What Postern itself uses stays. This cannot be undone.',
      yes: 'Revoke all',
      no: 'Keep them',
    });
    if (!sure) return;
    sayRevoked(model, await passwords.revokeAll(), 'The app passwords');
    if (document.activeElement === document.body) focusList();
  };
  const settle = async (keep: boolean): Promise<void> => {
    if (settling) return;
    setSettling(true);
    const result = await passwords.settle(keep ? 'keep' : 'drop');
    setSettling(false);
    if (!keep || result.words !== null) sayRevoked(model, result, 'The app passwords');
    else model.toasts.show('Your app passwords stay as they are', { icon: 'check', life: 4_000 });
    focusList();
  };
  const acts: RowActs = {
    rename: (item) => setShown({ at: 'rename', item }),
    rotate: (item) => setShown({ at: 'rotate', item }),
    revoke: (item) => void revoke(item),
    pause: (item) =>
      void passwords
        .pause(item)
        .then((outcome) => say(model, outcome, `“${item.name}” is paused and opens nothing`, `“${item.name}”:`)),
    resume: (item) =>
      void passwords
        .resume(item)
        .then((outcome) => say(model, outcome, `“${item.name}” works again`, `“${item.name}” stays paused.`)),
  };
  const close = (): void => setShown(null);
  const returnTo = (): HTMLElement | null => more.current?.querySelector('button') ?? null;

  return (
    <>
      {question ? (
        <Question question={question} now={now} busy={settling} onSettle={(keep) => void settle(keep)} />
      ) : null}
      {list.length === 0 ? (
        <p class="set-none">There is none yet. Make one for each program that reads your mail.</p>
      ) : (
        <AppPasswordTable
          list={list}
          label={`App passwords of ${account}`}
          now={now}
          doing={passwords.doing.value}
          acts={acts}
        />
      )}
      <div ref={more} class="ap-more">
        <p>{policyWords(policy, others.length)}</p>
        {others.length > 0 ? (
          <div class="set-acts">
            <button type="button" class="btn" onClick={() => setShown({ at: 'stolen' })}>
              My phone was stolen
            </button>
            <button type="button" class="btn quiet danger" onClick={() => void revokeAll()}>
              Revoke all
            </button>
          </div>
        ) : null}
      </div>
      {shown?.at === 'rename' ? (
        <RenameDialog
          item={shown.item}
          onClose={close}
          returnTo={returnTo}
          onRename={(name) => passwords.rename(shown.item, name)}
        />
      ) : null}
      {shown?.at === 'rotate' ? (
        <RotateDialog
          item={shown.item}
          onClose={() => {
            close();
            // The dialog gives the focus back to its opener; what has been made is more.
            if (passwords.fresh.peek()?.replaces?.id !== shown.item.id) return;
            requestAnimationFrame(() => document.querySelector<HTMLElement>('.ap-secret .btn')?.focus());
          }}
          returnTo={returnTo}
          onRotate={() => passwords.rotate(shown.item)}
        />
      ) : null}
      {shown?.at === 'stolen' ? (
        <StolenDialog list={list} onClose={close} returnTo={returnTo} onRevoke={(ids) => passwords.revoke(ids)} />
      ) : null}
    </>
  );
};

const Away = ({ passwords }: { passwords: AppPasswords }) => {
  const state = passwords.state.value;
  if (state.at === 'loading')
    return (
      <div class="set-bones" aria-busy="true" aria-label="Loading" role="group">
        <div />
        <div />
      </div>
    );
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
      <List passwords={passwords} policy={policy} account={account} focusList={focusList} />
    </>
  );
};
