import { useState } from 'preact/hooks';
import type { ProblemDocument, SignInRequest } from '#jmap/auth.ts';

/** The mail password was changed at the server: the one before opens what Postern keeps, or one starts afresh. */
export const Changed = ({
  problem,
  proceed,
}: {
  problem: ProblemDocument | null;
  proceed(more: Partial<SignInRequest>): void;
}) => {
  const [previous, setPrevious] = useState('');
  const [sure, setSure] = useState(false);
  return (
    <div class="failure" role="alert">
      <div class="grow">
        <b>{problem?.title}</b>
        <p>{problem?.detail}</p>
        <label class="sign-field">
          <span>The password before</span>
          <span class="inp">
            <input
              type="password"
              autocomplete="off"
              value={previous}
              onInput={(event) => setPrevious(event.currentTarget.value)}
            />
          </span>
        </label>
        <button
          type="button"
          class="btn"
          aria-disabled={previous === ''}
          onClick={() => previous !== '' && proceed({ previousPassword: previous })}
        >
          Open with it
        </button>
        {sure ? (
          <p>
            Drafts not yet on your server, unsent mail and settings kept here are given up. Mail on your server stays.{' '}
            <button type="button" class="btn danger" onClick={() => proceed({ startAfresh: true })}>
              Start afresh
            </button>
          </p>
        ) : (
          <button type="button" class="link" onClick={() => setSure(true)}>
            I do not have it
          </button>
        )}
      </div>
    </div>
  );
};
