import type { UnlockerFacts, UnlockerKind } from '#jmap/auth/unlockers.ts';
import { ModelError } from '#model/errors.ts';
import type { Loaded } from '#model/settings/loaded.ts';
import { useEffect, useState } from 'preact/hooks';
import { openUnlockers, type Unlockers } from '#model/unlockers/unlockers.ts';
import { useModel } from '../model.ts';

/** What opens this user's mail; fetched when the screen appears. */
export const useUnlockers = (): Unlockers => {
  const { connection } = useModel();
  const [unlockers] = useState(() =>
    openUnlockers({ fetch: connection.fetch, credentials: navigator.credentials as CredentialsContainer | undefined }),
  );
  useEffect(() => void unlockers.load(), []);
  return unlockers;
};

/** One kind of unlockers, as the lists of the settings have it. */
export const listOf = (unlockers: Unlockers, kind: UnlockerKind): Loaded<UnlockerFacts> => {
  const { value: state } = unlockers.state;
  switch (state.at) {
    case 'loading':
      return state;
    case 'failed':
      return { at: 'failed', error: new ModelError('net/server', 'the unlockers could not be fetched') };
    case 'ready':
      return { at: 'ready', list: state.value.unlockers.filter((each) => each.kind === kind) };
  }
};
