import { useId, useState } from 'preact/hooks';
import type { FoundSettings } from '#jmap/auth/discovery.ts';

/** Which password a mail program needs; in the provider's words when it is known. */
export const WhichPassword = ({ provider }: { provider: FoundSettings['provider'] }) => {
  const [shown, setShown] = useState(false);
  const id = useId();
  return (
    <>
      <button
        type="button"
        class="link small"
        aria-expanded={shown}
        aria-controls={id}
        onClick={() => setShown(!shown)}
      >
        Which password do I need?
      </button>
      <span id={id} class="which" hidden={!shown}>
        {provider?.note ??
          'The one your mail programs use. If you have two-step sign-in, your provider gives you a separate app password for Postern.'}{' '}
        {provider?.appPasswordUrl ? (
          <a href={provider.appPasswordUrl} target="_blank" rel="noreferrer">
            {provider.name}: app passwords
          </a>
        ) : null}
      </span>
    </>
  );
};
