import { useState } from 'preact/hooks';
import type { OAuthBeginRequest } from '#jmap/auth/oauth.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { beginAtIssuer } from '#model/issuer.ts';
import { Icon } from '#parts/icon.tsx';
import { Trouble } from '../unlock/trouble.tsx';
import '../unlock/unlock.css';

/** To the issuer, where the person signs in; the page is left for it. */
export const ContinueWith = ({
  label,
  wish,
  primary = false,
}: {
  label: string;
  wish: OAuthBeginRequest;
  primary?: boolean;
}) => {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const go = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    const begun = await beginAtIssuer((url, init) => fetch(url, init), wish);
    if (begun.ok) {
      location.assign(begun.value.url);
      return;
    }
    setBusy(false);
    setProblem(begun.problem);
  };
  return (
    <>
      <button
        type="button"
        class={`btn big continue-with ${primary ? 'primary' : ''}`}
        aria-disabled={busy}
        onClick={() => void go()}
      >
        {busy ? 'Going there' : label}
        <Icon name="external-link" size="s" />
      </button>
      <Trouble problem={problem} />
    </>
  );
};
