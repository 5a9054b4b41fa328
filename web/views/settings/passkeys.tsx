import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { UnlockerFacts } from '#jmap/auth/unlockers.ts';
import { isProblem } from '#model/asking.ts';
import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { deviceName, unlockerWords } from '#model/unlockers/words.ts';
import { formEvents } from '#parts/form-events.ts';
import { Icon } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { Trouble } from '../unlock/trouble.tsx';
import { LoadedRows, SetRow } from './row.tsx';
import { listOf } from './use-unlockers.ts';

/** The name of a passkey, asked for where it stands. */
const NameForm = (props: {
  label: string;
  verb: string;
  name: string;
  busy: boolean;
  save(name: string): void;
  close(): void;
}) => {
  const [name, setName] = useState(props.name);
  const own = useRef<HTMLInputElement>(null);
  useEffect(() => {
    own.current?.focus();
    own.current?.select();
  }, []);
  return (
    <form
      class="set-card unl-name"
      aria-label={props.label}
      {...formEvents(() => {
        if (name.trim() !== '' && !props.busy) props.save(name.trim());
      }, props.close)}
    >
      <label class="set-field">
        <span>{props.label}</span>
        <input
          ref={own}
          class="field"
          type="text"
          maxLength={100}
          autocomplete="off"
          required
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <div class="set-acts">
        <button type="submit" class="btn primary" aria-disabled={props.busy}>
          {props.busy ? 'Waiting for your device' : props.verb}
        </button>
        <button type="button" class="btn quiet" onClick={() => props.close()}>
          Cancel
        </button>
      </div>
    </form>
  );
};

export const Passkeys = ({ unlockers }: { unlockers: Unlockers }) => {
  const { clock, toasts, ask } = useModel();
  const [making, setMaking] = useState(false);
  const [naming, setNaming] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  /** The passkey whose button gets the focus back when it is there again. */
  const named = useRef<string | null>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const now = new Date(clock.now());

  const make = async (name: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const answer = await unlockers.addPasskey(name);
    setBusy(false);
    if (!answer.ok) {
      setProblem(isProblem(answer.problem, 'proof-needed') ? null : answer.problem);
      return;
    }
    setMaking(false);
    toasts.show(`The passkey “${name}” opens your mail from now on`, { icon: 'check', life: 6_000 });
    requestAnimationFrame(() => opener.current?.focus());
  };
  const stopNaming = (): void => {
    named.current = naming;
    setNaming(null);
  };
  const rename = async (passkey: UnlockerFacts, name: string): Promise<void> => {
    const answer = await unlockers.rename(passkey, name);
    if (answer.ok) stopNaming();
    else setProblem(isProblem(answer.problem, 'proof-needed') ? null : answer.problem);
  };
  const remove = async (passkey: UnlockerFacts): Promise<void> => {
    const sure = await ask({
      title: `Remove the passkey “${passkey.name}”?`,
      text: 'It opens your mail no more. Your device may still list it; delete it there too.',
      yes: 'Remove passkey',
      no: 'Keep it',
    });
    if (!sure) return;
    setProblem(null);
    const answer = await unlockers.remove(passkey);
    if (answer.ok) toasts.show(`Removed the passkey “${passkey.name}”`, { icon: 'trash', life: 4_000 });
    else setProblem(isProblem(answer.problem, 'proof-needed') ? null : answer.problem);
    heading.current?.focus();
  };

  return (
    <section aria-labelledby="set-passkeys">
      <header class="set-h">
        <div>
          <h2 id="set-passkeys" ref={heading} tabIndex={-1}>
            Passkeys
          </h2>
          <p>
            Your device opens Postern by fingerprint, face or its own code. Nothing to type, and nothing to be stolen
            here.
          </p>
        </div>
        {making ? null : (
          <button ref={opener} type="button" class="btn primary" onClick={() => setMaking(true)}>
            <Icon name="plus" size="s" />
            Passkey
          </button>
        )}
      </header>
      {making ? (
        <NameForm
          label="Name of the new passkey"
          verb="Make passkey"
          name={deviceName(navigator.userAgent)}
          busy={busy}
          save={(name) => void make(name)}
          close={() => {
            setMaking(false);
            setProblem(null);
            requestAnimationFrame(() => opener.current?.focus());
          }}
        />
      ) : null}
      <div class="unl-trouble">
        <Trouble problem={problem} />
      </div>
      <LoadedRows
        state={listOf(unlockers, 'passkey')}
        label="Passkeys"
        none="There is no passkey yet."
        onRetry={() => void unlockers.load()}
        row={(passkey) =>
          naming === passkey.id ? (
            <li key={passkey.id}>
              <NameForm
                label="Name of the passkey"
                verb="Rename"
                name={passkey.name}
                busy={false}
                save={(name) => void rename(passkey, name)}
                close={stopNaming}
              />
            </li>
          ) : (
            <SetRow
              key={passkey.id}
              icon="fingerprint-pattern"
              title={passkey.name}
              detail={unlockerWords(passkey, now)}
              aside=""
            >
              <button
                ref={(button) => {
                  if (!button || named.current !== passkey.id) return;
                  named.current = null;
                  button.focus();
                }}
                type="button"
                class="btn quiet"
                aria-label={`Rename the passkey ${passkey.name}`}
                onClick={() => setNaming(passkey.id)}
              >
                Rename
              </button>
              <button
                type="button"
                class="btn quiet danger"
                aria-label={`Remove the passkey ${passkey.name}`}
                onClick={() => void remove(passkey)}
              >
                Remove
              </button>
            </SetRow>
          )
        }
      />
    </section>
  );
};
