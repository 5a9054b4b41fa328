import type * as v from 'valibot';
import type { IncomingSecret } from '#vault/keeper.ts';
import { parse, readBytes } from './body.ts';
import { takeStrings } from './password-bytes.ts';
import { DoorError, malformed } from './problems.ts';

export interface Secrets {
  /** A fresh copy each time it is asked for: the keeper's client wipes what it sends. */
  password: () => IncomingSecret;
  previous: (() => IncomingSecret) | null;
  /** Wipes what is left here. */
  wipe: () => void;
}

const mostBody = 64_000;

const asSecret =
  (bytes: Buffer): (() => IncomingSecret) =>
  () => ({ kind: 'bytes', bytes: Buffer.from(bytes) });

const fromJson = (body: Buffer, allowed: boolean): { rest: Buffer; secrets: Secrets | null } => {
  const found = takeStrings(body, ['password', 'code', 'previousPassword', 'smtpPassword']);
  const password = found.get('password') ?? found.get('code');
  const previous = found.get('previousPassword') ?? found.get('smtpPassword');
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

/** sealed-form = length(4) JSON *( length(2) box ), numbers big endian; see jmap/auth/sign-in.ts */
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
    const [first, second] = boxes;
    if (!first) return null;
    return {
      password: () => ({ kind: 'sealed', box: first, ...(login === undefined ? {} : { login }) }),
      previous: second ? () => ({ kind: 'sealed', box: second }) : null,
      wipe: () => undefined,
    };
  };
  return { rest: body.subarray(4, end), secretsFor };
};

/**
 * A form with secrets, as JSON or sealed; `secrets` null: it has none. The first sealed secret is good for the login that
 * `loginOf` reads from the form, where there is one, and for no other.
 * @throws DoorError `malformed`, `too-large`, `unsupported-type`
 */
export const readSecretForm = async <T extends v.GenericSchema>(
  request: Request,
  schema: T,
  jsonAllowed: boolean,
  loginOf: (form: v.InferOutput<T>) => string | undefined = () => undefined,
): Promise<{ form: v.InferOutput<T>; secrets: Secrets | null }> => {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/octet-stream')
    throw new DoorError('unsupported-type', 'This form is not known.', 'Send JSON, or a sealed form.');
  const body = await readBytes(request, mostBody);
  if (type === 'application/octet-stream') {
    const { rest, secretsFor } = fromSealed(body);
    const form = parse(schema, rest);
    return { form, secrets: secretsFor(loginOf(form)) };
  }
  // No form at all is one with no fields.
  const { rest, secrets } = fromJson(body.length === 0 ? Buffer.from('{}') : body, jsonAllowed);
  try {
    return { form: parse(schema, rest), secrets };
  } catch (error) {
    secrets?.wipe();
    throw error;
  }
};
