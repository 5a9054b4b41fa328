import { useEffect, useState } from 'preact/hooks';
import type { AuditFacts } from '#jmap/auth/unlockers.ts';
import { getJson } from '#model/asking.ts';
import { ago } from '#model/settings/words.ts';
import { eventWords } from '#model/unlockers/words.ts';
import { Icon } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { Bones } from './row.tsx';
import './unlockers.css';

const first = 12;

type State = { at: 'loading' } | { at: 'ready'; entries: readonly AuditFacts[] } | { at: 'failed' };

/** What happened to the ways in, in plain words. */
export const Events = () => {
  const { connection, clock } = useModel();
  const [state, setState] = useState<State>({ at: 'loading' });
  const [all, setAll] = useState(false);
  const load = async (): Promise<void> => {
    const answer = await getJson<{ entries: AuditFacts[] }>(connection.fetch, '/auth/audit');
    setState(answer.ok ? { at: 'ready', entries: answer.value.entries } : { at: 'failed' });
  };
  useEffect(() => void load(), []);
  const now = new Date(clock.now());
  const entries = state.at === 'ready' ? state.entries : [];
  return (
    <section aria-labelledby="set-events">
      <h2 id="set-events">What happened lately</h2>
      <p class="set-lead-2">
        Sign-ins, and changes of what opens your mail. If something was not you, end that session.
      </p>
      {state.at === 'failed' ? (
        <p class="set-fail" role="alert">
          This list could not be fetched.
          <button type="button" class="btn" onClick={() => void load()}>
            Try again
          </button>
        </p>
      ) : state.at === 'loading' ? (
        <Bones />
      ) : entries.length === 0 ? (
        <p class="set-none">Nothing yet.</p>
      ) : (
        <>
          <ul class="unl-events" aria-label="What happened lately">
            {entries.slice(0, all ? undefined : first).map((entry, index) => {
              const words = eventWords(entry);
              return (
                <li key={`${entry.at}${index}`} class={words.grave ? 'grave' : ''}>
                  <Icon name={words.grave ? 'triangle-alert' : 'check'} size="s" />
                  <span>
                    <b>{words.title}</b>
                    {words.about ? `, ${words.about}` : ''}
                  </span>
                  <small>{entry.address}</small>
                  <time dateTime={entry.at}>{ago(entry.at, now)}</time>
                </li>
              );
            })}
          </ul>
          {entries.length > first && !all ? (
            <button type="button" class="btn quiet" onClick={() => setAll(true)}>
              Show all {entries.length}
            </button>
          ) : null}
        </>
      )}
    </section>
  );
};
