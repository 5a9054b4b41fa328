import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { AppPassword, AppPasswordPolicy, AppPasswordProtocol, NewAppPassword } from '#jmap/app-password.ts';
import { utcDate } from '#jmap/ids.ts';
import type { Field, Outcome } from '#model/app-passwords.ts';
import { mostNetworks, parseNetworks } from '#model/app-passwords-networks.ts';
import { formEvents } from '#parts/form-events.ts';
import {
  type ChosenProgram,
  chosenPrograms,
  freeName,
  lifeWords,
  lives,
  offeredLife,
  offeredProtocols,
  programFacts,
} from '#model/app-passwords-programs.ts';
import { Icon } from '#parts/icon.tsx';
import { programIcon } from './app-passwords-programs.ts';

const day = 86_400_000;

const protocolLabels: Readonly<Record<AppPasswordProtocol, { title: string; hint: string }>> = {
  imap: { title: 'Read mail', hint: 'IMAP. It may also move and delete.' },
  pop3: { title: 'Download mail', hint: 'POP. It may also delete.' },
  submission: { title: 'Send mail', hint: 'SMTP, in your name.' },
  sieve: { title: 'Change filters', hint: 'ManageSieve.' },
};

interface Wrong {
  field: Field | null;
  words: string;
}

const Programs = ({ program, onChoose }: { program: ChosenProgram; onChoose(program: ChosenProgram): void }) => (
  <fieldset class="ap-programs">
    <legend>Which program is it for?</legend>
    <div>
      {chosenPrograms.map((each) => (
        <label key={each}>
          <input type="radio" name="ap-program" checked={each === program} onChange={() => onChoose(each)} />
          <Icon name={programIcon[each]} />
          <span>
            {programFacts[each].title}
            <small>{programFacts[each].hint}</small>
          </span>
        </label>
      ))}
    </div>
  </fieldset>
);

const Protocols = (props: {
  allowed: readonly AppPasswordProtocol[];
  chosen: readonly AppPasswordProtocol[];
  wrong: string | null;
  onChange(chosen: AppPasswordProtocol[]): void;
}) => {
  const id = useId();
  return (
    <fieldset class="ap-protocols" aria-describedby={props.wrong ? id : undefined}>
      <legend>What may it do?</legend>
      <div>
        {props.allowed.map((each) => (
          <label key={each} class="set-check">
            <input
              type="checkbox"
              checked={props.chosen.includes(each)}
              onChange={(event) => {
                const rest = props.chosen.filter((other) => other !== each);
                props.onChange(event.currentTarget.checked ? [...rest, each] : rest);
              }}
            />
            <span>
              {protocolLabels[each].title}
              <small>{protocolLabels[each].hint}</small>
            </span>
          </label>
        ))}
      </div>
      {props.wrong ? (
        <p id={id} class="set-wrong">
          {props.wrong}
        </p>
      ) : null}
    </fieldset>
  );
};

const Networks = (props: { text: string; wrong: string | null; onInput(text: string): void }) => {
  const id = useId();
  const parsed = parseNetworks(props.text);
  const words =
    parsed.ok && parsed.networks.length > 0
      ? `Only from ${parsed.networks.map((network) => network.words).join('; ')}.`
      : 'Empty: from anywhere. Else an address or a network, such as 192.0.2.0/24 or 2001:db8::/32, or several.';
  return (
    <div class="set-field">
      <label for={`${id}-in`}>From where may it be used?</label>
      <input
        id={`${id}-in`}
        class="field"
        type="text"
        name="networks"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={1000}
        placeholder="From anywhere"
        value={props.text}
        aria-invalid={props.wrong !== null}
        aria-describedby={id}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
      <small id={id} class={props.wrong ? 'set-wrong' : 'muted'}>
        {props.wrong ?? words}
      </small>
    </div>
  );
};

const wrongNetworks = (text: string): string | null => {
  const parsed = parseNetworks(text);
  if (!parsed.ok)
    return `“${parsed.wrong}” is no address or network. Write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.`;
  return parsed.networks.length > mostNetworks ? `There may be ${mostNetworks} networks at most.` : null;
};

interface FormProps {
  policy: AppPasswordPolicy;
  list: readonly AppPassword[];
  now(): number;
  onCreate(wish: NewAppPassword): Promise<Outcome>;
  onClose(): void;
}

const places: Readonly<Record<Field, string>> = {
  name: 'input[name="name"]',
  networks: 'input[name="networks"]',
  protocols: '.ap-protocols input',
  expiresAt: 'select',
};

/** What is filled in; by the program as long as the person has not said otherwise. */
const useWish = ({ policy, list }: FormProps) => {
  const start: ChosenProgram = 'thunderbird';
  const [program, setProgram] = useState<ChosenProgram>(start);
  const [name, setName] = useState(() => freeName(programFacts[start].name, list));
  const [named, setNamed] = useState(false);
  const [protocols, setProtocols] = useState(() => offeredProtocols(start, policy));
  const [life, setLife] = useState(() => offeredLife(start, policy));
  const [networks, setNetworks] = useState('');
  return {
    program,
    name,
    protocols,
    life,
    networks,
    setProtocols,
    setLife,
    setNetworks,
    setName: (text: string): void => {
      setName(text);
      setNamed(true);
    },
    choose: (next: ChosenProgram): void => {
      setProgram(next);
      setProtocols(offeredProtocols(next, policy));
      setLife(offeredLife(next, policy));
      if (!named) setName(freeName(programFacts[next].name, list));
    },
  };
};
type Wish = ReturnType<typeof useWish>;

/** The wish as the server takes it, or what is wrong with it. */
const checkedWish = (wish: Wish, { policy, now }: FormProps): NewAppPassword | Wrong => {
  const parsed = parseNetworks(wish.networks);
  const badNetworks = wrongNetworks(wish.networks);
  if (wish.name.trim() === '') return { field: 'name', words: 'Give it a name, so that you know it again.' };
  if (wish.protocols.length === 0)
    return { field: 'protocols', words: 'Choose at least one: a password that may do nothing opens nothing.' };
  if (badNetworks || !parsed.ok) return { field: 'networks', words: badNetworks ?? '' };
  return {
    name: wish.name.trim(),
    program: wish.program,
    protocols: policy.protocols.filter((each) => wish.protocols.includes(each)),
    networks: parsed.networks.map(({ text }) => text),
    expiresAt: wish.life === null ? null : utcDate((now() + wish.life * day) / 1000),
  };
};

const NameAndEnd = (props: {
  wish: Wish;
  policy: AppPasswordPolicy;
  wrongAt(field: Field): string | null;
  onChange(): void;
}) => {
  const { wish, policy } = props;
  const nameWrong = props.wrongAt('name');
  const endWrong = props.wrongAt('expiresAt');
  return (
    <div class="set-fields">
      <div class="set-field">
        <label for="ap-name">Name</label>
        <input
          id="ap-name"
          class="field"
          type="text"
          name="name"
          maxLength={100}
          autocomplete="off"
          value={wish.name}
          aria-invalid={nameWrong !== null}
          aria-describedby="ap-name-hint"
          onInput={(event) => {
            wish.setName(event.currentTarget.value);
            props.onChange();
          }}
        />
        <small id="ap-name-hint" class={nameWrong ? 'set-wrong' : 'muted'}>
          {nameWrong ?? 'By this you know it again in the list.'}
        </small>
      </div>
      <div class="set-field">
        <label for="ap-ends">Ends</label>
        <select
          id="ap-ends"
          class="field"
          value={String(wish.life)}
          aria-invalid={endWrong !== null}
          aria-describedby={endWrong ? 'ap-ends-wrong' : undefined}
          onChange={(event) => {
            wish.setLife(lives(policy).find((each) => String(each) === event.currentTarget.value) ?? null);
            props.onChange();
          }}
        >
          {lives(policy).map((each) => (
            <option key={each} value={String(each)}>
              {lifeWords(each)}
            </option>
          ))}
        </select>
        {endWrong ? (
          <small id="ap-ends-wrong" class="set-wrong">
            {endWrong}
          </small>
        ) : null}
      </div>
    </div>
  );
};

export const NewAppPasswordForm = (props: FormProps) => {
  const { policy, onClose } = props;
  const wish = useWish(props);
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('input:checked')?.focus(), []);

  const fail = (why: Wrong): void => {
    setWrong(why);
    if (why.field) form.current?.querySelector<HTMLElement>(places[why.field])?.focus();
  };
  const submit = async (): Promise<void> => {
    if (busy) return;
    const asked = checkedWish(wish, props);
    if ('words' in asked) return fail(asked);
    setBusy(true);
    setWrong(null);
    const outcome = await props.onCreate(asked);
    if (outcome.at === 'done') return onClose();
    setBusy(false);
    if (outcome.at === 'failed') fail(outcome);
    return undefined;
  };
  const wrongAt = (field: Field | null): string | null => (wrong?.field === field ? wrong.words : null);
  const mended = (): void => setWrong(null);
  /** What changes the wish also forgets what was wrong with it. */
  const mending =
    <T,>(set: (value: T) => void) =>
    (value: T): void => {
      set(value);
      mended();
    };

  return (
    <form
      ref={form}
      class="set-card ap-new"
      aria-labelledby="ap-new-title"
      {...formEvents(() => void submit(), onClose)}
    >
      <h2 id="ap-new-title">New app password</h2>
      <Programs program={wish.program} onChoose={mending(wish.choose)} />
      <NameAndEnd wish={wish} policy={policy} wrongAt={wrongAt} onChange={mended} />
      <Protocols
        allowed={policy.protocols}
        chosen={wish.protocols}
        wrong={wrongAt('protocols')}
        onChange={mending(wish.setProtocols)}
      />
      <Networks text={wish.networks} wrong={wrongAt('networks')} onInput={mending(wish.setNetworks)} />
      <div role="alert">{wrongAt(null) ? <p class="set-wrong">{wrongAt(null)}</p> : null}</div>
      <div class="set-acts">
        <button type="submit" class="btn primary" aria-disabled={busy}>
          {busy ? 'Making it' : 'Make password'}
        </button>
        <button type="button" class="btn quiet" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
};
