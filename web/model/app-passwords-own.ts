import type { AppPasswordCapability, OwnAuth } from '#jmap/app-password.ts';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import { dateWords, sinceWords } from './app-passwords-words.ts';

/** What Postern itself keeps for each account. */

type Own = Omit<AppPasswordCapability['own'], 'id' | 'since' | 'checkedAt'> & {
  since: string | null;
  checkedAt: string | null;
};

export interface OwnWords {
  /** `Your main password, saved 9 May` */
  kept: string;
  state: string;
  detail: string | null;
  refused: boolean;
  /** What its button says; null: there is nothing for the person to replace. */
  action: 'Replace' | 'Connect again' | null;
}

const keptNames: Readonly<Record<OwnAuth, string>> = {
  password: 'Your main password',
  'app-password': 'App password',
  minted: 'Made by Postern for itself',
  oauth: 'Connected without a password',
};

const actions: Readonly<Record<OwnAuth, OwnWords['action']>> = {
  password: 'Replace',
  'app-password': 'Replace',
  minted: null,
  oauth: 'Connect again',
};

export const ownWords = ({ auth, since, checkedAt, refused, note }: Own, now: Date): OwnWords => {
  const kept = since === null ? keptNames[auth] : `${keptNames[auth]}, saved ${dateWords(since, now)}`;
  if (refused) {
    const last =
      checkedAt === null
        ? 'The server refuses it'
        : `The server refuses it. It last worked: ${sinceWords(checkedAt, now)}`;
    return { kept, state: 'Needs replacing', detail: note ?? last, refused, action: actions[auth] ?? 'Replace' };
  }
  const checked =
    checkedAt === null
      ? null
      : `Checked ${sinceWords(checkedAt, now).replace(/^[JTY]/u, (first) => first.toLowerCase())}`;
  return {
    kept,
    state: checkedAt === null ? 'Not checked yet' : 'Works',
    detail: note ?? checked,
    refused,
    action: actions[auth],
  };
};

/** The newer of what is known. */
export const ownOf = (known: Own, now: AccountFacts | undefined): Own =>
  now === undefined
    ? known
    : {
        ...known,
        auth: now.auth,
        since: now.authSince ?? known.since,
        checkedAt: now.checkedAt ?? known.checkedAt,
        refused: now.state === 'refused',
        note: now.state === 'refused' && now.words !== null ? `The server said: ${now.words}` : known.note,
      };
