import * as v from 'valibot';
import type { IncomingSecret } from '#vault/keeper.ts';
import { parse, readBytes } from './body.ts';
import { takeStrings } from './password-bytes.ts';
import { DoorError, malformed } from './problems.ts';

const host = v.pipe(v.string(), v.trim(), v.toLowerCase(), v.regex(/^[\w.:-]{1,253}$/, 'is no host name'));

const Server = v.object({
  host,
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  security: v.picklist(['tls', 'starttls', 'none']),
  username: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(500))),
  pin: v.optional(v.pipe(v.string(), v.toLowerCase(), v.regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hex'))),
});
export type ServerForm = v.InferOutput<typeof Server>;

const Form = v.object({
  address: v.pipe(v.string(), v.maxLength(320)),
  imap: v.optional(Server),
  smtp: v.optional(Server),
  remember: v.optional(v.boolean(), false),
  leaveNothing: v.optional(v.boolean(), false),
  startAfresh: v.optional(v.boolean(), false),
});
const UnlockForm = v.object({});

export interface Secrets {
  /** A fresh copy each time it is asked for: the keeper's client wipes what it sends. */
  password: () => IncomingSecret;
  previous: (() => IncomingSecret) | null;
  /** Wipes what is left here. */
  wipe: () => void;
}

export type SignInForm = v.InferOutput<typeof Form>;

const mostBody = 64_000;

const asSecret =
  (bytes: Buffer): (() => IncomingSecret) =>
  () => ({ kind: 'bytes', bytes: Buffer.from(bytes) });

const fromJson = (body: Buffer, allowed: boolean): { rest: Buffer; secrets: Secrets | null } => {
  const found = takeStrings(body, ['password', 'previousPassword']);
  const password = found.get('password');
  const previous = found.get('previousPassword');
  const wipe = (): void => [...found.values()].forEach((bytes) => bytes.fill(0));
  if (!password || password.length === 0) return { rest: body, secrets: null };
  if (!allowed) {
    wipe();
    throw new DoorError('unsupported-type', 'This Postern takes sealed passwords only.', 'See GET /auth/key.');
  }
  return {
    rest: body,
    secrets: { password: asSecret(password), previous: previous ? asSecret(previous) : null, wipe },
  };
};

/** sealed-form = length(4) JSON *( length(2) box ), numbers big endian; see jmap/auth.ts */
const fromSealed = (body: Buffer): { rest: Buffer; secretsFor: (login: string | undefined) => Secrets | null } => {
  if (body.length < 4) throw malformed('The sealed form is cut off.');
  const end = 4 + body.readUInt32BE();
  const boxes: Buffer[] = [];
  let at = end;
  while (at + 2 <= body.length) {
    const length = body.readUInt16BE(at);
    boxes.push(Buffer.from(body.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  if (at !== body.length || boxes.length === 0 || boxes.length > 2) throw malformed('The sealed form is cut off.');
  const secretsFor = (login: string | undefined): Secrets | null => {
    const [first, second] = boxes.map((box) => (): IncomingSecret => ({
      kind: 'sealed',
      box,
      ...(login === undefined ? {} : { login }),
    }));
    return first ? { password: first, previous: second ?? null, wipe: () => undefined } : null;
  };
  return { rest: body.subarray(4, end), secretsFor };
};

const read = async <T extends v.GenericSchema>(
  request: Request,
  schema: T,
  jsonAllowed: boolean,
): Promise<{ form: v.InferOutput<T>; secrets: Secrets | null }> => {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/octet-stream')
    throw new DoorError('unsupported-type', 'This form is not known.', 'Send JSON, or a sealed form.');
  const body = await readBytes(request, mostBody);
  if (type === 'application/octet-stream') {
    const { rest, secretsFor } = fromSealed(body);
    const form = parse(schema, rest);
    // The box is good for the address it was sealed for, and no other.
    return { form, secrets: secretsFor(loginOf(form)) };
  }
  const { rest, secrets } = fromJson(body, jsonAllowed);
  try {
    return { form: parse(schema, rest), secrets };
  } catch (error) {
    secrets?.wipe();
    throw error;
  }
};

const loginOf = (form: unknown): string | undefined =>
  typeof form === 'object' && form !== null && 'address' in form ? String(form.address) : undefined;

/** @throws DoorError `malformed`, `too-large`, `unsupported-type` */
export const readSignIn = async (
  request: Request,
  jsonAllowed: boolean,
): Promise<{ form: SignInForm; secrets: Secrets }> => {
  const { form, secrets } = await read(request, Form, jsonAllowed);
  if (!secrets) throw malformed('password: a text is expected.');
  return { form, secrets };
};

/** The password with which a locked session is opened; null when the body has none. */
export const readUnlock = async (request: Request, jsonAllowed: boolean): Promise<Secrets | null> => {
  if (request.headers.get('content-type') === null) return null;
  return (await read(request, UnlockForm, jsonAllowed)).secrets;
};
