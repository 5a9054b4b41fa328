import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { Colour } from '#jmap/keep.ts';
import { isProblem } from '#model/asking.ts';
import { Dialog } from '#parts/dialog.tsx';
import { Icon } from '#parts/icon.tsx';
import { Arch } from '#parts/people.tsx';
import { Failure } from '../servers/failure.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import '../servers/servers.css';
import { Cells } from './cells.tsx';
import { fits, spelled, type Guide } from './guides.ts';
import './add-account.css';

const Steps = ({ guide }: { guide: Guide }) => (
  <ol class="how">
    {guide.steps.map(({ title, detail, url }, index) => (
      <li key={title}>
        <span class="k" aria-hidden="true">
          {index + 1}
        </span>
        <span class="grow">
          <b>{title}</b>
          {detail === null ? null : <small>{detail}</small>}
        </span>
        {url === null ? null : (
          <a class="btn" href={url} target="_blank" rel="noreferrer" aria-label={`Open ${guide.company}: ${title}`}>
            Open {guide.company}
            <Icon name="external-link" size="xs" />
          </a>
        )}
      </li>
    ))}
  </ol>
);

const Lost = ({ lost, id }: { lost: NonNullable<Guide['lost']>; id: string }) => (
  <div id={id} class="lost">
    {lost.reasons.map(({ title, detail }) => (
      <p key={title}>
        <b>{title}.</b> {detail}
      </p>
    ))}
  </div>
);

/** What stands below the field. */
const hintOf = (guide: Guide, secret: string, busy: boolean): { words: string; wrong: boolean } => {
  const { form, company } = guide;
  if (busy) return { words: 'Checking it with the server.', wrong: false };
  if (!form || secret === '') return { words: 'Postern checks it as soon as the last one is in.', wrong: false };
  if (!form.letters.test(secret))
    return { words: `An app password of ${company} is made of ${form.words} only.`, wrong: true };
  if (secret.length > form.length)
    return { words: `These are ${secret.length}. An app password of ${company} has ${form.length}.`, wrong: true };
  return {
    words: `${secret.length} of ${form.length} ${form.words}. Postern checks it as soon as the last one is in.`,
    wrong: false,
  };
};

/** Leads to an app password, step by step, and takes it. */
export const AppPassword = (props: {
  guide: Guide;
  address: string;
  colour: Colour;
  /** `Add account`, `Sign in` */
  action: string;
  /** Tries it; null when it went well. */
  submit(secret: string): Promise<ProblemDocument | null>;
  trust(server: string, fingerprint: string): void;
  onClose(): void;
}) => {
  const { guide, address } = props;
  const { form } = guide;
  const [secret, setSecret] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const [lost, setLost] = useState(false);
  const tried = useRef('');
  const id = useId();
  const whole = form ? fits(form, secret) : secret !== '';
  const submit = async (): Promise<void> => {
    if (busy || !whole) return;
    tried.current = secret;
    setBusy(true);
    setProblem(null);
    const failed = await props.submit(form ? spelled(form, secret) : secret);
    setBusy(false);
    setProblem(failed);
    if (isProblem(failed, 'wrong-password')) document.querySelector<HTMLInputElement>('.guide .cells input')?.select();
  };
  useEffect(() => {
    if (form && whole && secret !== tried.current) void submit();
  }, [secret]);
  useEffect(() => {
    if (problem || lost) document.querySelector('.guide form > :last-child')?.scrollIntoView({ block: 'nearest' });
  }, [problem, lost]);
  const hint = hintOf(guide, secret, busy);
  return (
    <Dialog
      title={guide.title}
      class="guide"
      mark={<Arch initial={guide.title.charAt(0)} colour={props.colour} size="lg" />}
      focus="input"
      onClose={props.onClose}
      footer={
        <>
          {guide.lost ? (
            <button type="button" class="link" aria-expanded={lost} aria-controls={id} onClick={() => setLost(!lost)}>
              {guide.lost.question}
            </button>
          ) : null}
          <button type="button" class="btn quiet" onClick={props.onClose}>
            Cancel
          </button>
          <button
            type="button"
            class={`btn primary ${whole ? '' : 'waiting'}`}
            aria-disabled={busy || !whole}
            onClick={() => void submit()}
          >
            {busy ? 'Checking' : props.action}
          </button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>{guide.why}</p>
        <Steps guide={guide} />
        <div class="pw">
          {form ? (
            <>
              <b aria-hidden="true">App password for {address}</b>
              <Cells
                form={form}
                label={`App password for ${address}`}
                describedBy={`${id}-hint`}
                value={secret}
                wrong={hint.wrong}
                change={(text) => {
                  setSecret(text);
                  setProblem(null);
                }}
              />
            </>
          ) : (
            <PasswordField label={`App password for ${address}`} value={secret} change={setSecret} autocomplete="off" />
          )}
          <p id={`${id}-hint`} class={hint.wrong ? 'set-wrong' : ''} aria-live="polite">
            {form || busy ? hint.words : ''}
          </p>
        </div>
        {problem ? (
          <Failure
            problem={
              isProblem(problem, 'wrong-password')
                ? {
                    ...problem,
                    provider: null,
                    detail: `Compare it with what ${guide.company} showed, letter by letter, or make a new one. Nothing is wrong with the connection.`,
                  }
                : problem
            }
            trust={props.trust}
          />
        ) : null}
        {lost && guide.lost ? <Lost lost={guide.lost} id={id} /> : null}
      </form>
    </Dialog>
  );
};
