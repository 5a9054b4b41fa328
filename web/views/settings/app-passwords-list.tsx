import { useRef, useState } from 'preact/hooks';
import type { AppPassword, AppPasswordPolicy, AppPasswordQuestion } from '#jmap/app-password.ts';
import type { AppPasswords, Outcome, Revoked } from '#model/app-passwords.ts';
import { dateWords, policyWords } from '#model/app-passwords-words.ts';
import { counted } from '#model/format.ts';
import type { Model } from '#model/model.ts';
import { isFocusFree } from '#parts/regions.ts';
import { useModel } from '../model.ts';
import { RenameDialog, RotateDialog, StolenDialog } from './app-passwords-dialogs.tsx';
import { AppPasswordTable, type RowActs } from './app-passwords-table.tsx';

/** The toast speaks from the answer: what is not done is never said to be. */
const say = ({ toasts }: Model, outcome: Outcome, done: string, failed: string): void => {
  if (outcome.at === 'done') toasts.show(done, { icon: 'check', life: 4_000 });
  else if (outcome.at === 'failed') toasts.show(`${failed} ${outcome.words}`, { tone: 'failed' });
};

/** `name`: the one it was about; null: all of them. */
const sayRevoked = ({ toasts }: Model, { gone, words }: Revoked, name: string | null): void => {
  if (words !== null) toasts.show(`${name ?? 'Not all is revoked'}: ${words}`, { tone: 'failed' });
  else if (gone.length > 0) {
    const what = name ?? counted(gone.length, 'app password');
    const is = gone.length === 1 ? 'is' : 'are';
    toasts.show(`${what} ${is} revoked, and what was open is closed`, { icon: 'check', life: 6_000 });
  }
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

interface Acts {
  row: RowActs;
  revokeAll(count: number): Promise<void>;
  settle(keep: boolean): Promise<void>;
}

/** What can be done, with the questions before and the words after. */
const actsOf = (model: Model, passwords: AppPasswords, show: (shown: Shown) => void, focusList: () => void): Acts => {
  /** What was pressed may be gone with its row. */
  const refocus = (): void => {
    if (isFocusFree()) focusList();
  };
  const revoke = async (item: AppPassword): Promise<void> => {
    const question = { title: `Revoke “${item.name}”?`, text: revokeText(item), yes: 'Revoke', no: 'Keep it' };
    if (item.state !== 'revoking' && !(await model.ask(question))) return;
    sayRevoked(model, await passwords.revoke([item.id]), `“${item.name}”`);
    refocus();
  };
  const pause = async (item: AppPassword): Promise<void> =>
    say(model, await passwords.pause(item), `“${item.name}” is paused and opens nothing`, `“${item.name}”:`);
  const resume = async (item: AppPassword): Promise<void> =>
    say(model, await passwords.resume(item), `“${item.name}” works again`, `“${item.name}” stays paused.`);
  return {
    row: {
      rename: (item) => show({ at: 'rename', item }),
      rotate: (item) => show({ at: 'rotate', item }),
      revoke: (item) => void revoke(item),
      pause: (item) => void pause(item),
      resume: (item) => void resume(item),
    },
    revokeAll: async (count) => {
      const sure = await model.ask({
        title: `Revoke ${counted(count, 'app password')}?`,
        text: 'Every program with an app password of this account stops at once. What Postern itself uses stays. This cannot be undone.',
        yes: 'Revoke all',
        no: 'Keep them',
      });
      if (!sure) return;
      sayRevoked(model, await passwords.revokeAll(), null);
      refocus();
    },
    settle: async (keep) => {
      const result = await passwords.settle(keep ? 'keep' : 'drop');
      if (!keep || result.words !== null) sayRevoked(model, result, null);
      else model.toasts.show('Your app passwords stay as they are', { icon: 'check', life: 4_000 });
      focusList();
    },
  };
};

const Dialogs = (props: {
  shown: Exclude<Shown, null>;
  passwords: AppPasswords;
  list: readonly AppPassword[];
  onClose(): void;
  returnTo(): HTMLElement | null;
}) => {
  const { shown, passwords, onClose, returnTo } = props;
  if (shown.at === 'stolen')
    return (
      <StolenDialog list={props.list} onClose={onClose} returnTo={returnTo} onRevoke={(ids) => passwords.revoke(ids)} />
    );
  const { item } = shown;
  if (shown.at === 'rename')
    return (
      <RenameDialog
        item={item}
        onClose={onClose}
        returnTo={returnTo}
        onRename={(name) => passwords.rename(item, name)}
      />
    );
  return (
    <RotateDialog
      item={item}
      onClose={() => {
        onClose();
        // The dialog gives the focus back to its opener; what has been made is more.
        if (passwords.fresh.peek()?.replaces?.id !== item.id) return;
        requestAnimationFrame(() => document.querySelector<HTMLElement>('.ap-secret .btn')?.focus());
      }}
      returnTo={returnTo}
      onRotate={() => passwords.rotate(item)}
    />
  );
};

export const AppPasswordList = (props: {
  passwords: AppPasswords;
  policy: AppPasswordPolicy;
  account: string;
  focusList(): void;
}) => {
  const { passwords, policy, account } = props;
  const model = useModel();
  const [shown, setShown] = useState<Shown>(null);
  const [settling, setSettling] = useState(false);
  const more = useRef<HTMLDivElement>(null);
  const state = passwords.state.value;
  if (state.at !== 'ready') return null;
  const now = new Date(model.clock.now());
  const { list, question } = state;
  const others = list.filter(({ own }) => !own);
  const acts = actsOf(model, passwords, setShown, props.focusList);
  const settle = async (keep: boolean): Promise<void> => {
    if (settling) return;
    setSettling(true);
    await acts.settle(keep);
    setSettling(false);
  };
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
          acts={acts.row}
        />
      )}
      <div ref={more} class="ap-more">
        <p>{policyWords(policy, others.length)}</p>
        {others.length > 0 ? (
          <div class="set-acts">
            <button type="button" class="btn" onClick={() => setShown({ at: 'stolen' })}>
              My phone was stolen
            </button>
            <button type="button" class="btn quiet danger" onClick={() => void acts.revokeAll(others.length)}>
              Revoke all
            </button>
          </div>
        ) : null}
      </div>
      {shown ? (
        <Dialogs
          shown={shown}
          passwords={passwords}
          list={list}
          onClose={() => setShown(null)}
          returnTo={() => more.current?.querySelector('button') ?? null}
        />
      ) : null}
    </>
  );
};
