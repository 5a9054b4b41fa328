import { signal, type ReadonlySignal } from '@preact/signals-core';
import type {
  AuditFacts,
  NewRecoveryCode,
  NewTotp,
  PasskeyOffer,
  TurnedKeysFacts,
  UnlockerFacts,
  Unlockers as UnlockersAnswer,
} from '#jmap/auth/unlockers.ts';
import type { Fetch } from '../connection.ts';
import { getJson, type Outcome, sendJson } from '../asking.ts';
import { postSealed } from '../sealed-post.ts';
import type { Credentials } from './passkey.ts';
import { makePasskey } from './passkey.ts';
import { withProof } from './proof.ts';
import { passkeyProblem, show, type Shown } from './showing.ts';

export type UnlockersState = { at: 'loading' } | { at: 'ready'; value: UnlockersAnswer } | { at: 'failed' };

/** What opens the user's mail, and how it is changed. Every outcome that did not work is a problem with words. */
export interface Unlockers {
  readonly state: ReadonlySignal<UnlockersState>;
  load(): Promise<void>;
  addPasskey(name: string): Promise<Outcome<unknown>>;
  rename(unlocker: UnlockerFacts, name: string): Promise<Outcome<unknown>>;
  remove(unlocker: UnlockerFacts): Promise<Outcome<unknown>>;
  setSitePassword(name: string, password: string, endOthers: boolean): Promise<Outcome<unknown>>;
  /** A new recovery code; the one before works until this one is confirmed. */
  makeRecovery(): Promise<Outcome<NewRecoveryCode>>;
  confirmRecovery(code: string): Promise<Outcome<unknown>>;
  beginTotp(): Promise<Outcome<NewTotp>>;
  confirmTotp(code: string): Promise<Outcome<unknown>>;
  removeTotp(): Promise<Outcome<unknown>>;
  /** A new user key, wrapped for the one shown; other unlockers open no more. */
  rotate(shown: Shown, totp?: string): Promise<Outcome<TurnedKeysFacts>>;
  audit(): Promise<Outcome<{ entries: AuditFacts[] }>>;
}

const url = '/auth/unlockers';

export const openUnlockers = ({ fetch, credentials }: { fetch: Fetch; credentials: Credentials }): Unlockers => {
  const state = signal<UnlockersState>({ at: 'loading' });

  const load = async (): Promise<void> => {
    const answer = await getJson<UnlockersAnswer>(fetch, url);
    if (answer.ok) state.value = { at: 'ready', value: answer.value };
    else if (state.peek().at !== 'ready') state.value = { at: 'failed' };
  };

  /** Does what needs a proof, and looks again at what there is. */
  const changing = async <T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    const answer = await withProof(work);
    if (answer.ok) await load();
    return answer;
  };
  const json = <T>(path: string, body: object, method?: string) =>
    changing(() => sendJson<T>(fetch, `${url}${path}`, body, method));

  return {
    state,
    load,
    addPasskey: async (name) => {
      const begun = await withProof(() => sendJson<PasskeyOffer>(fetch, `${url}/passkey/begin`, {}));
      if (!begun.ok) return begun;
      const made = await makePasskey(credentials, begun.value);
      if (!made.ok) return { ok: false, problem: passkeyProblem(made.why, 'make') };
      const secret = { purpose: 'passkey', login: '', secret: made.secret } as const;
      return changing(() => postSealed(fetch, `${url}/passkey`, { ...made.value, name }, [secret]));
    },
    rename: ({ id }, name) => json(`/${encodeURIComponent(id)}`, { name }, 'PATCH'),
    remove: ({ id }) => json(`/${encodeURIComponent(id)}`, {}, 'DELETE'),
    setSitePassword: (name, password, endOthers) =>
      changing(() =>
        postSealed(fetch, `${url}/site`, { name, endOthers }, [
          { purpose: 'sitePassword', login: name, secret: password },
        ]),
      ),
    makeRecovery: () => withProof(() => sendJson<NewRecoveryCode>(fetch, `${url}/recovery`, {})),
    confirmRecovery: (code) =>
      changing(() =>
        postSealed(fetch, `${url}/recovery/confirm`, {}, [{ purpose: 'recoveryCode', login: '', secret: code }]),
      ),
    beginTotp: () => withProof(() => sendJson<NewTotp>(fetch, `${url}/totp/begin`, {})),
    confirmTotp: (code) => json('/totp', { code }),
    removeTotp: () => json('/totp', {}, 'DELETE'),
    rotate: async (shown, totp) => {
      const answer = await show<TurnedKeysFacts>({ fetch, credentials }, '/auth/rotate-keys', shown, totp);
      if (answer.ok) await load();
      return answer;
    },
    audit: () => getJson(fetch, '/auth/audit'),
  };
};
