import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { AppPassword, AppPasswordPolicy, AppPasswordProtocol, NewAppPassword } from '#jmap/app-password.ts';
import { utcDate } from '#jmap/ids.ts';
import type { Field, Outcome } from '#model/app-passwords.ts';
import { mostNetworks, parseNetworks } from '#model/app-passwords-networks.ts';
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

export const NewAppPasswordForm = (props: {
  policy: AppPasswordPolicy;
  list: readonly AppPassword[];
  now(): number;
  onCreate(wish: NewAppPassword): Promise<Outcome>;
  onClose(): void;
}) => {
  const { policy, list } = props;
  const start: ChosenProgram = 'thunderbird';
  const [program, setProgram] = useState<ChosenProgram>(start);
  const [name, setName] = useState(() => freeName(programFacts[start].name, list));
  const [named, setNamed] = useState(false);
  const [protocols, setProtocols] = useState(() => offeredProtocols(start, policy));
  const [life, setLife] = useState(() => offeredLife(start, policy));
  const [networks, setNetworks] = useState('');
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('input:checked')?.focus(), []);

  const choose = (next: ChosenProgram): void => {
    setProgram(next);
    setProtocols(offeredProtocols(next, policy));
    setLife(offeredLife(next, policy));
    if (!named) setName(freeName(programFacts[next].name, list));
    setWrong(null);
  };
  const fail = (words: string, field: Field | null): void => {
    setWrong({ words, field });
    const at = {
      name: 'input[name="name"]',
      networks: 'input[name="networks"]',
      protocols: '.ap-protocols input',
      expiresAt: 'select',
    };
    if (field) form.current?.querySelector<HTMLElement>(at[field])?.focus();
  };
  const submit = async (): Promise<void> => {
    if (busy) return;
    const parsed = parseNetworks(networks);
    const badNetworks = wrongNetworks(networks);
    if (name.trim() === '') return fail('Give it a name, so that you know it again.', 'name');
    if (protocols.length === 0)
      return fail('Choose at least one: a password that may do nothing opens nothing.', 'protocols');
    if (badNetworks || !parsed.ok) return fail(badNetworks ?? '', 'networks');
    setBusy(true);
    setWrong(null);
    const outcome = await props.onCreate({
      name: name.trim(),
      program,
      protocols: policy.protocols.filter((each) => protocols.includes(each)),
      networks: parsed.networks.map(({ text }) => text),
      expiresAt: life === null ? null : utcDate((props.now() + life * day) / 1000),
    });
    if (outcome.at === 'done') return props.onClose();
    setBusy(false);
    if (outcome.at === 'failed') fail(outcome.words, outcome.field);
    return undefined;
  };
  const wrongAt = (field: Field | null): string | null => (wrong && wrong.field === field ? wrong.words : null);
  const nameWrong = wrongAt('name');

  return (
    <form
      ref={form}
      class="set-card ap-new"
      aria-labelledby="ap-new-title"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        props.onClose();
      }}
    >
      <h2 id="ap-new-title">New app password</h2>
      <Programs program={program} onChoose={choose} />
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
            value={name}
            aria-invalid={nameWrong !== null}
            aria-describedby="ap-name-hint"
            onInput={(event) => {
              setName(event.currentTarget.value);
              setNamed(true);
              setWrong(null);
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
            value={String(life)}
            aria-invalid={wrongAt('expiresAt') !== null}
            aria-describedby={wrongAt('expiresAt') ? 'ap-ends-wrong' : undefined}
            onChange={(event) =>
              setLife(lives(policy).find((each) => String(each) === event.currentTarget.value) ?? null)
            }
          >
            {lives(policy).map((each) => (
              <option key={each} value={String(each)}>
                {lifeWords(each)}
              </option>
            ))}
          </select>
          {wrongAt('expiresAt') ? (
            <small id="ap-ends-wrong" class="set-wrong">
              {wrongAt('expiresAt')}
            </small>
          ) : null}
        </div>
      </div>
      <Protocols
        allowed={policy.protocols}
        chosen={protocols}
        wrong={wrongAt('protocols')}
        onChange={(chosen) => {
          setProtocols(chosen);
          setWrong(null);
        }}
      />
      <Networks
        text={networks}
        wrong={wrongAt('networks')}
        onInput={(text) => {
          setNetworks(text);
          setWrong(null);
        }}
      />
      <div role="alert">{wrongAt(null) ? <p class="set-wrong">{wrongAt(null)}</p> : null}</div>
      <div class="set-acts">
        <button type="submit" class="btn primary" aria-disabled={busy}>
          {busy ? 'Making it' : 'Make password'}
        </button>
        <button type="button" class="btn quiet" onClick={props.onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
};
