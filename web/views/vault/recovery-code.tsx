import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { isProblem } from '#model/asking.ts';
import { askedGroups, groupsOf, recoverySheet, sameCode, spaced } from '#model/unlockers/recovery.ts';
import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { Icon } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { CodeField } from '../unlock/code-field.tsx';
import { Trouble } from '../unlock/trouble.tsx';
import '../servers/servers.css';
import '../unlock/unlock.css';
import './vault.css';

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'] as const;

/** The sheet alone on a page of its own, printed. */
const print = (sheet: string): void => {
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Recovery code';
  document.body.append(frame);
  const inside = frame.contentDocument;
  if (!inside) return;
  const text = inside.createElement('pre');
  text.textContent = sheet;
  inside.title = 'Recovery code of Postern';
  inside.body.append(text);
  frame.contentWindow?.addEventListener('afterprint', () => frame.remove());
  frame.contentWindow?.print();
};

const save = (sheet: string): void => {
  const url = URL.createObjectURL(new Blob([sheet], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'postern-recovery-code.txt';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

/** Makes a code, shows it the only time, and goes on once it is clear that it was kept. */
export const RecoveryCode = (props: {
  unlockers: Unlockers;
  done(): void;
  cancel?: (() => void) | undefined;
  cancelWords?: string;
}) => {
  const { mails, clock, toasts } = useModel();
  const [code, setCode] = useState<string | null>(null);
  const [kept, setKept] = useState(false);
  const [checking, setChecking] = useState(false);
  const [asked] = useState(() => askedGroups());
  const [typed, setTyped] = useState<readonly [string, string]>(['', '']);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const own = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLElement>(null);

  const make = async (): Promise<void> => {
    setProblem(null);
    const answer = await props.unlockers.makeRecovery();
    if (answer.ok) setCode(answer.value.code);
    else if (isProblem(answer.problem, 'proof-needed')) props.cancel?.();
    else setProblem(answer.problem);
  };
  useEffect(() => void make(), []);
  // While there is nothing to act on yet, the place itself.
  useEffect(() => {
    const first = own.current?.querySelector<HTMLElement>(checking ? 'input' : 'button');
    (first ?? own.current)?.focus();
  }, [code, checking, problem]);

  if (code === null)
    return (
      <div class="vault-code" ref={own} role="group" aria-label="Recovery code" tabIndex={-1}>
        <Trouble problem={problem} />
        {problem ? (
          <button type="button" class="btn" onClick={() => void make()}>
            Try again
          </button>
        ) : (
          <div class="unlock-bones" aria-busy="true" />
        )}
      </div>
    );

  const groups = groupsOf(code);
  const sheet = (): string =>
    recoverySheet(
      code,
      location.host,
      mails
        .peek()
        .map(({ account }) => account.name)
        .join(', '),
      new Date(clock.now()).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' }),
    );
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(spaced(code));
      toasts.say('Copied');
    } catch {
      if (box.current) getSelection()?.selectAllChildren(box.current);
      toasts.say('Selected. Copy it with Ctrl+C.');
    }
  };
  const confirm = async (): Promise<void> => {
    if (busy) return;
    const right = asked.every((at, index) => sameCode(typed[index] ?? '', groups[at] ?? ''));
    setWrong(!right);
    if (!right) return;
    setBusy(true);
    const answer = await props.unlockers.confirmRecovery(code);
    setBusy(false);
    if (answer.ok) props.done();
    else setProblem(answer.problem);
  };

  if (!checking)
    return (
      <div class="vault-code" ref={own}>
        <p>
          It opens your mail when every passkey and password is lost. Write it down or print it: Postern shows it only
          now, and cannot find it again.
        </p>
        <code ref={box} class="vault-groups" aria-label="Recovery code">
          {groups.map((group, index) => (
            <span key={index}>{group} </span>
          ))}
        </code>
        <div class="set-acts vault-acts">
          <button type="button" class="btn" onClick={() => void copy()}>
            <Icon name="copy" size="s" />
            Copy
          </button>
          <button type="button" class="btn" onClick={() => print(sheet())}>
            <Icon name="printer" size="s" />
            Print
          </button>
          <button type="button" class="btn" onClick={() => save(sheet())}>
            <Icon name="download" size="s" />
            Save
          </button>
        </div>
        <label class="set-check">
          <input type="checkbox" checked={kept} onChange={(event) => setKept(event.currentTarget.checked)} />
          <span>I have kept it</span>
        </label>
        <div class="set-acts">
          <button type="button" class="btn primary" aria-disabled={!kept} onClick={() => kept && setChecking(true)}>
            Continue
          </button>
          {props.cancel ? (
            <button type="button" class="btn quiet" onClick={() => props.cancel?.()}>
              {props.cancelWords ?? 'Cancel'}
            </button>
          ) : null}
        </div>
      </div>
    );
  return (
    <div ref={own}>
      <form
        class="vault-code"
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <p>To be sure that it is kept, type two of its groups.</p>
        <div class="vault-two">
          {asked.map((at, index) => (
            <CodeField
              key={at}
              label={`The ${ordinals[at] ?? ''} group`}
              groups={1}
              value={typed[index] ?? ''}
              change={(text) => {
                setWrong(false);
                setTyped(index === 0 ? [text, typed[1]] : [typed[0], text]);
              }}
            />
          ))}
        </div>
        {wrong ? (
          <p class="set-wrong" role="alert">
            This is not what stood there. Look at what you kept, or go back and look at the code again.
          </p>
        ) : null}
        <Trouble problem={problem} />
        <div class="set-acts">
          <button type="submit" class="btn primary" aria-disabled={busy}>
            It is kept
          </button>
          <button type="button" class="btn quiet" onClick={() => setChecking(false)}>
            Back
          </button>
        </div>
      </form>
    </div>
  );
};
