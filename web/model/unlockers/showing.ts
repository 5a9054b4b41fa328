import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { OtherUnlockerForm, PasskeyChallenge, SignedIn, UnlockRequest } from '#jmap/auth/sign-in.ts';
import { problemPrefix } from '#jmap/auth/problems.ts';
import type { Fetch } from '../connection.ts';
import { type Outcome, sendJson } from '../asking.ts';
import { postSealed } from '../sealed-post.ts';
import type { Sealed } from '../seal.ts';
import { type Credentials, passkeyWords, type PasskeyTrouble, showPasskey } from './passkey.ts';

/** Something the user brings, typed or about to be asked of the device. */
export type Shown =
  | { kind: 'mail'; password: string }
  | { kind: 'site'; password: string }
  | { kind: 'recovery'; code: string }
  | { kind: 'passkey' };

export interface Showing {
  fetch: Fetch;
  credentials: Credentials;
}

export const passkeyProblem = (why: PasskeyTrouble, doing: 'make' | 'show'): ProblemDocument => ({
  type: `${problemPrefix}passkey-${why}`,
  status: 0,
  ...passkeyWords(why, doing),
});

/** A passkey's answer to a fresh challenge, and its secret. */
export const answerPasskey = async ({
  fetch,
  credentials,
}: Showing): Promise<Outcome<{ form: Extract<OtherUnlockerForm, { kind: 'passkey' }>; secret: Sealed }>> => {
  const begun = await sendJson<PasskeyChallenge>(fetch, '/auth/sign-in/passkey/begin', {});
  if (!begun.ok) return begun;
  const shown = await showPasskey(credentials, begun.value);
  if (!shown.ok) return { ok: false, problem: passkeyProblem(shown.why, 'show') };
  return {
    ok: true,
    value: {
      form: { kind: 'passkey', ...shown.value },
      secret: { purpose: 'passkey', login: '', secret: shown.secret },
    },
  };
};

/** What is sent of it, and the secret that goes sealed. */
export const formOf = async (
  showing: Showing,
  shown: Shown,
): Promise<Outcome<{ form: UnlockRequest; secret: Sealed }>> => {
  switch (shown.kind) {
    case 'mail':
      return {
        ok: true,
        value: { form: {}, secret: { purpose: 'mailPassword', login: '', secret: shown.password } },
      };
    case 'site':
      return {
        ok: true,
        value: { form: { kind: 'site' }, secret: { purpose: 'sitePassword', login: '', secret: shown.password } },
      };
    case 'recovery':
      return {
        ok: true,
        value: { form: { kind: 'recovery' }, secret: { purpose: 'recoveryCode', login: '', secret: shown.code } },
      };
    case 'passkey':
      return answerPasskey(showing);
  }
};

/** Shows an unlocker for the session there is. Never rejects. */
export const show = async <T = SignedIn>(
  showing: Showing,
  url: '/auth/unlock' | '/auth/prove' | '/auth/rotate-keys',
  shown: Shown,
  totp?: string,
): Promise<Outcome<T>> => {
  const made = await formOf(showing, shown);
  if (!made.ok) return made;
  const { form, secret } = made.value;
  return postSealed<T>(showing.fetch, url, { ...form, ...(totp === undefined ? {} : { totp }) }, [secret]);
};

export interface SignInOptions {
  remember: boolean;
  totp?: string;
}

/** Signs in by a passkey, a password of Postern or a recovery code. Never rejects. */
export const signInWith = async (
  showing: Showing,
  shown: Exclude<Shown, { kind: 'mail' }> & { name?: string },
  { remember, totp }: SignInOptions,
): Promise<Outcome<SignedIn>> => {
  const made = await formOf(showing, shown);
  if (!made.ok) return made;
  const { form, secret } = made.value;
  const { kind, ...rest } = form as OtherUnlockerForm;
  const name = shown.name?.trim();
  const wish = {
    ...rest,
    remember,
    ...(name === undefined ? {} : { name }),
    ...(totp === undefined ? {} : { totp }),
  };
  const sealed = kind === 'site' ? { ...secret, login: name ?? '' } : secret;
  return postSealed<SignedIn>(showing.fetch, `/auth/sign-in/${kind}`, wish, [sealed]);
};
