import * as v from 'valibot';
import { malformed } from './problems.ts';
import { readSecretForm, type Secrets } from './secret-form.ts';

/** Forms of signing in, unlocking and proving; what each field says stands in jmap/auth/sign-in.ts. */

const host = v.pipe(v.string(), v.trim(), v.toLowerCase(), v.regex(/^[\w.:-]{1,253}$/, 'is no host name'));

/** NUL ends a field of SASL PLAIN (RFC 4616 §2), CR and LF a line, and PostgreSQL keeps no NUL in a text. */
export const Login = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(500),
  v.regex(/^\P{Cc}*$/u, 'has no control characters'),
);

export const Server = v.object({
  host,
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  security: v.picklist(['tls', 'starttls', 'none']),
  username: v.optional(Login),
  pin: v.optional(v.pipe(v.string(), v.toLowerCase(), v.regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hex'))),
});
export type ServerForm = v.InferOutput<typeof Server>;

const bytes = v.pipe(v.string(), v.regex(/^[\w-]{1,8000}$/, 'is no base64url'));

const passkeyAnswer = {
  id: v.pipe(v.string(), v.maxLength(100)),
  credentialId: bytes,
  clientData: bytes,
  authenticatorData: bytes,
  signature: bytes,
  userHandle: bytes,
};
const totp = v.optional(v.pipe(v.string(), v.maxLength(20)));

/** Another unlocker than the mail password. */
const Other = [
  v.object({ kind: v.literal('site'), totp }),
  v.object({ kind: v.literal('passkey'), ...passkeyAnswer, totp }),
  v.object({ kind: v.literal('recovery'), totp }),
] as const;
const OtherUnlocker = v.variant('kind', Other);
export type OtherUnlockerForm = v.InferOutput<typeof OtherUnlocker>;
export type PasskeyForm = Extract<OtherUnlockerForm, { kind: 'passkey' }>;

/** Without a kind it is the mail password. */
const Unlock = v.pipe(
  v.record(v.string(), v.unknown()),
  v.transform((form) => ({ kind: 'mail', ...form })),
  v.variant('kind', [v.object({ kind: v.literal('mail'), totp }), ...Other]),
);
export type UnlockForm = v.InferOutput<typeof Unlock>;

const remember = v.optional(v.boolean(), false);

/** As the Postern sign-in is called: no blanks, lower case. */
export const SiteName = v.pipe(
  v.string(),
  v.trim(),
  v.toLowerCase(),
  v.regex(/^[^\s\p{Cc}\p{Cf}]{2,320}$/u, 'is no name: 2 characters at least, and no blanks'),
);
const SiteSignIn = v.object({ name: v.pipe(v.string(), v.trim(), v.maxLength(320)), remember, totp });
const PasskeySignIn = v.object({ ...passkeyAnswer, remember });
const RecoverySignIn = v.object({ remember });

const Form = v.object({
  address: v.pipe(v.string(), v.maxLength(320)),
  imap: v.optional(Server),
  smtp: v.optional(Server),
  remember,
  leaveNothing: v.optional(v.boolean(), false),
  startAfresh: v.optional(v.boolean(), false),
  opens: v.optional(OtherUnlocker),
  totp,
});

export type SignInForm = v.InferOutput<typeof Form>;

type Read<T> = { form: T; secrets: Secrets };

const must = <T>({ form, secrets }: { form: T; secrets: Secrets | null }): Read<T> => {
  if (!secrets) throw malformed('password: a text is expected.');
  return { form, secrets };
};

/** @throws DoorError `malformed`, `too-large`, `unsupported-type` */
export const readSignIn = async (request: Request, jsonAllowed: boolean): Promise<Read<SignInForm>> =>
  must(await readSecretForm(request, Form, jsonAllowed, (form) => form.address));

export const readSiteSignIn = async (
  request: Request,
  jsonAllowed: boolean,
): Promise<Read<v.InferOutput<typeof SiteSignIn>>> =>
  must(await readSecretForm(request, SiteSignIn, jsonAllowed, (form) => form.name));

export const readPasskeySignIn = async (request: Request): Promise<Read<v.InferOutput<typeof PasskeySignIn>>> =>
  must(await readSecretForm(request, PasskeySignIn, false));

export const readRecoverySignIn = async (
  request: Request,
  jsonAllowed: boolean,
): Promise<Read<v.InferOutput<typeof RecoverySignIn>>> =>
  must(await readSecretForm(request, RecoverySignIn, jsonAllowed));

/** The unlocker of a session that is there; null when the body has none. */
export const readUnlock = async (request: Request, jsonAllowed: boolean): Promise<Read<UnlockForm> | null> => {
  if (request.headers.get('content-type') === null) return null;
  const { form, secrets } = await readSecretForm(request, Unlock, jsonAllowed);
  return secrets && { form, secrets };
};
