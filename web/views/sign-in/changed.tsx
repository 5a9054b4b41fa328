import { useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { UnlockerKind } from '#jmap/auth/unlockers.ts';
import { Icon } from '#parts/icon.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import { CodeField } from '../unlock/code-field.tsx';

/** How one goes on after the mail password was changed at the server. */
export type GoingOn =
  | { by: 'previous'; password: string }
  | { by: 'passkey' }
  | { by: 'recovery'; code: string }
  | { by: 'afresh' };

type Way = GoingOn['by'];

const titles: Readonly<Record<Way, string>> = {
  previous: 'I know the password before',
  passkey: 'I have a passkey',
  recovery: 'I have a recovery code',
  afresh: 'I have none of these',
};

/** What the problem offers, in this order. */
const waysOf = ({ choices }: ProblemDocument): Way[] => {
  const offered = choices ?? ['previous-password', 'start-afresh'];
  return [
    ...(offered.includes('previous-password') ? (['previous'] as const) : []),
    ...(offered.includes('passkey') ? (['passkey'] as const) : []),
    ...(offered.includes('recovery') ? (['recovery'] as const) : []),
    ...(offered.includes('start-afresh') ? (['afresh'] as const) : []),
  ];
};

const opens: Readonly<Record<UnlockerKind, string>> = {
  passkey: 'your passkey',
  'site-password': 'your password of Postern',
  recovery: 'your recovery code',
  'mail-password': 'the password of your other mail account',
};

/** What stays and what is lost by it; nothing is, as long as something else opens what was kept. */
const Afresh = ({ unlockers }: { unlockers: readonly UnlockerKind[] }) =>
  unlockers.length > 0 ? (
    <p>
      <b>Starting afresh</b> makes an empty Postern for this account. What was kept here before stays beside it: sign in
      with {unlockers.map((kind) => opens[kind]).join(' or ')} to open it. Mail on your server stays.
    </p>
  ) : (
    <p>
      <b>Starting afresh</b> gives up what only this Postern had: drafts not yet on your server, mail not sent yet,
      settings, and other mail accounts you added. Mail on your servers stays.
    </p>
  );

/** The mail password was changed at the server. One question, and ways on; nothing is lost without a word. */
export const Changed = ({
  problem,
  refused,
  busy,
  proceed,
}: {
  problem: ProblemDocument;
  /** Why the way tried last did not work. */
  refused: ProblemDocument | null;
  busy: boolean;
  proceed(how: GoingOn): void;
}) => {
  const ways = waysOf(problem);
  const [way, setWay] = useState<Way>(ways[0] ?? 'afresh');
  const [previous, setPrevious] = useState('');
  const [code, setCode] = useState('');
  const given = (): GoingOn | null => {
    if (way === 'previous') return previous === '' ? null : { by: way, password: previous };
    if (way === 'recovery') return code === '' ? null : { by: way, code };
    return { by: way };
  };
  const how = given();
  return (
    <fieldset class="changed">
      <legend>
        <Icon name="key-round" />
        {problem.title}
      </legend>
      <p>{problem.detail}</p>
      {ways.map((each) => (
        <label key={each} class="changed-way">
          <input type="radio" name="changed" checked={way === each} onChange={() => setWay(each)} />
          <span>{titles[each]}</span>
        </label>
      ))}
      {way === 'previous' ? (
        <PasswordField label="The password before" autocomplete="off" value={previous} change={setPrevious} />
      ) : null}
      {way === 'recovery' ? <CodeField label="Recovery code" value={code} change={setCode} /> : null}
      {way === 'afresh' ? <Afresh unlockers={problem.unlockers ?? []} /> : null}
      {refused ? (
        <p class="set-wrong" role="alert">
          <b>{refused.title}</b> {refused.detail}
        </p>
      ) : null}
      <button
        type="button"
        class={`btn ${way === 'afresh' ? 'danger' : ''}`}
        aria-disabled={busy || how === null}
        onClick={() => how !== null && !busy && proceed(how)}
      >
        {way === 'passkey' ? <Icon name="fingerprint-pattern" size="s" /> : null}
        {way === 'afresh' ? 'Start afresh' : way === 'passkey' ? 'Show the passkey' : 'Open with it'}
      </button>
    </fieldset>
  );
};
