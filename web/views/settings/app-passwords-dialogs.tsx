import { useId, useState } from 'preact/hooks';
import type { AppPassword } from '#jmap/app-password.ts';
import type { AppPasswordId } from '#jmap/ids.ts';
import type { Outcome, Revoked } from '#model/app-passwords.ts';
import { isOnPhone } from '#model/app-passwords-programs.ts';
import { rowWords } from '#model/app-passwords-words.ts';
import { counted } from '#model/format.ts';
import { Dialog } from '#parts/dialog.tsx';
import { useModel } from '../model.ts';

interface Common {
  onClose(): void;
  returnTo(): HTMLElement | null;
}

/** What was not done, said where it was asked for. */
const Wrong = ({ words }: { words: string | null }) => (
  <div role="alert">{words === null ? null : <p class="set-wrong">{words}</p>}</div>
);

export const RenameDialog = (props: Common & { item: AppPassword; onRename(name: string): Promise<Outcome> }) => {
  const [name, setName] = useState(props.item.name);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const id = useId();
  const submit = async (): Promise<void> => {
    const wanted = name.trim();
    if (busy) return;
    if (wanted === '') return setWrong('Give it a name, so that you know it again.');
    if (wanted === props.item.name) return props.onClose();
    setBusy(true);
    const outcome = await props.onRename(wanted);
    if (outcome.at !== 'failed') return props.onClose();
    setBusy(false);
    return setWrong(outcome.words);
  };
  return (
    <Dialog
      title="Rename"
      focus="input"
      onClose={props.onClose}
      returnTo={props.returnTo}
      footer={
        <>
          <button type="button" class="btn" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" form={id} class="btn primary" aria-disabled={busy}>
            Rename
          </button>
        </>
      }
    >
      <form
        id={id}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label class="set-field">
          <span>Name</span>
          <input
            class="field"
            type="text"
            maxLength={100}
            autocomplete="off"
            value={name}
            aria-invalid={wrong !== null}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setWrong(null);
            }}
          />
        </label>
        <Wrong words={wrong} />
      </form>
    </Dialog>
  );
};

export const RotateDialog = (props: Common & { item: AppPassword; onRotate(): Promise<Outcome> }) => {
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const rotate = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setWrong(null);
    const outcome = await props.onRotate();
    setBusy(false);
    if (outcome.at === 'done') props.onClose();
    else if (outcome.at === 'failed') setWrong(outcome.words);
  };
  return (
    <Dialog
      title={`A new password for “${props.item.name}”`}
      focus=".primary"
      onClose={props.onClose}
      returnTo={props.returnTo}
      footer={
        <>
          <button type="button" class="btn" onClick={props.onClose}>
            Cancel
          </button>
          <button type="button" class="btn primary" aria-disabled={busy} onClick={() => void rotate()}>
            {busy ? 'Making it' : 'Make a new password'}
          </button>
        </>
      }
    >
      <p>
        You get a new password for the same program, shown once. The old one works for 24 hours more, so that there is
        time to type in the new one; then it opens nothing.
      </p>
      <Wrong words={wrong} />
    </Dialog>
  );
};

/** What is left to do once the passwords of a lost phone are gone. */
const After = ({ result, wanted, onClose }: { result: Revoked; wanted: number; onClose(): void }) => {
  const { router } = useModel();
  const gone = result.gone.length;
  return (
    <div class="ap-after">
      <p>
        {gone === wanted
          ? `${counted(gone, 'app password')} ${gone === 1 ? 'is' : 'are'} revoked. What the phone had open is closed.`
          : `Only ${gone} of ${counted(wanted, 'app password')} ${gone === 1 ? 'is' : 'are'} revoked.`}
      </p>
      <Wrong words={result.words} />
      <h3>What else helps</h3>
      <ol>
        <li>
          End the sessions you do not know: the phone may be signed in to Postern in its browser.{' '}
          <button
            type="button"
            class="btn"
            onClick={() => {
              onClose();
              router.go({ at: 'settings', page: 'sessions' });
            }}
          >
            Show the sessions
          </button>
        </li>
        <li>Change your main password if the phone knew it, or if you used it on the phone in any way.</li>
        <li>Lock and erase the phone from another device: “Find My” by Apple, “Find Hub” by Google.</li>
        <li>Ask your mobile operator to block the SIM card.</li>
      </ol>
    </div>
  );
};

/** Choose what was on it, revoke that, and be told what else to do. */
export const StolenDialog = (
  props: Common & {
    list: readonly AppPassword[];
    onRevoke(ids: readonly AppPasswordId[]): Promise<Revoked>;
  },
) => {
  const { clock } = useModel();
  // What was on it is asked once: the list behind changes while it is revoked.
  const [list] = useState(() => props.list.filter(({ own }) => !own));
  const [chosen, setChosen] = useState<ReadonlySet<AppPasswordId>>(
    () => new Set(list.filter(isOnPhone).map(({ id }) => id)),
  );
  const [wanted, setWanted] = useState(0);
  const [result, setResult] = useState<Revoked | null>(null);
  const [busy, setBusy] = useState(false);
  const now = new Date(clock.now());
  const revoke = async (): Promise<void> => {
    if (busy || chosen.size === 0) return;
    setBusy(true);
    setWanted(chosen.size);
    setResult(await props.onRevoke([...chosen]));
    setBusy(false);
  };
  const toggle = (id: AppPasswordId, on: boolean): void => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <Dialog
      title={result ? 'What was revoked, and what else to do' : 'My phone was stolen'}
      wide
      focus={list.length > 0 ? 'input, .keep' : '.keep'}
      onClose={props.onClose}
      returnTo={props.returnTo}
      footer={
        result ? (
          <button type="button" class="btn keep" onClick={props.onClose}>
            Close
          </button>
        ) : (
          <>
            <button type="button" class="btn keep" onClick={props.onClose}>
              Cancel
            </button>
            <button
              type="button"
              class="btn primary danger"
              aria-disabled={busy || chosen.size === 0}
              onClick={() => void revoke()}
            >
              {busy ? 'Revoking' : `Revoke ${chosen.size === 0 ? 'them' : counted(chosen.size, 'password')}`}
            </button>
          </>
        )
      }
    >
      {result ? (
        <After result={result} wanted={wanted} onClose={props.onClose} />
      ) : (
        <fieldset class="ap-stolen">
          <legend>Which passwords were on it? They stop working at once. When in doubt, choose it.</legend>
          {list.map((item) => (
            <label key={item.id} class="set-check">
              <input
                type="checkbox"
                checked={chosen.has(item.id)}
                onChange={(event) => toggle(item.id, event.currentTarget.checked)}
              />
              <span>
                {item.name}
                <small>{rowWords(item, now).made}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
    </Dialog>
  );
};
