import { useEffect, useRef, useState } from 'preact/hooks';
import type { AccountId } from '#jmap/ids.ts';
import type { WebSession } from '#jmap/keep.ts';
import { openWebSessions } from '#model/settings/sessions.ts';
import { ago, sessionWords } from '#model/settings/words.ts';
import { useModel } from '../model.ts';
import { Events } from './events.tsx';
import { Locking } from './locking.tsx';
import { PageHead } from './page-head.tsx';
import { ApiTokens } from './tokens.tsx';
import { LoadedRows, SetRow } from './row.tsx';

const isPhone = (device: string): boolean => /iPhone|iPad|Android/u.test(device);
const SessionRow = ({ session, now, onEnd }: { session: WebSession; now: Date; onEnd(): void }) => (
  <SetRow
    icon={isPhone(session.device) ? 'smartphone' : 'laptop'}
    title={session.device}
    detail={sessionWords(session, now)}
    aside={session.isCurrent ? 'This browser, now' : `Seen ${ago(session.lastSeenAt, now)}`}
  >
    {session.isCurrent ? null : (
      <button
        type="button"
        class="btn quiet danger"
        aria-label={`End the session of ${session.device}, ${ago(session.lastSeenAt, now)}`}
        onClick={onEnd}
      >
        End
      </button>
    )}
  </SetRow>
);

const Sessions = ({ accountId }: { accountId: AccountId }) => {
  const model = useModel();
  const heading = useRef<HTMLHeadingElement>(null);
  const [sessions] = useState(() => openWebSessions(model, accountId));
  useEffect(() => {
    void sessions.load();
    const seen = (): void => {
      if (document.visibilityState === 'visible') void sessions.load();
    };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, []);
  const state = sessions.state.value;
  const now = new Date(model.clock.now());
  const others = state.at === 'ready' && state.list.some(({ isCurrent }) => !isCurrent);
  /** The button that was pressed goes; the heading says where one is. */
  const end = (act: () => Promise<void>): void => {
    void act();
    heading.current?.focus();
  };
  return (
    <section aria-labelledby="set-sessions">
      <header class="set-h">
        <div>
          <h2 id="set-sessions" ref={heading} tabIndex={-1}>
            Sessions
          </h2>
          <p>The browsers you are signed in with. One that is ended is signed out at once.</p>
        </div>
        {others ? (
          <button type="button" class="btn" onClick={() => end(() => sessions.endOthers())}>
            End all others
          </button>
        ) : null}
      </header>
      <LoadedRows
        state={state}
        label="Sessions"
        none="There is no session."
        onRetry={() => void sessions.load()}
        row={(session) => (
          <SessionRow
            key={session.id}
            session={session}
            now={now}
            onEnd={() => end(() => sessions.end([session.id]))}
          />
        )}
      />
    </section>
  );
};

export const SessionsPage = () => {
  const accountId = useModel().mails.value[0]?.id;
  return (
    <>
      <PageHead title="Sessions">Who can reach your mail through Postern now, and how to stop them.</PageHead>
      {accountId === undefined ? null : <Sessions accountId={accountId} />}
      <Locking />
      <ApiTokens />
      <Events />
    </>
  );
};
