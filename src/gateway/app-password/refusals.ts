import type { SetErrorType } from '#jmap/errors.ts';
import { AppPasswordError } from '#app-passwords/errors.ts';
import { invalidProperties, SetFailure } from '../errors.ts';
import { sentenceOf } from '../words.ts';

const properties: Readonly<Record<string, string>> = {
  'app-password/label': 'name',
  'app-password/protocols': 'protocols',
  'app-password/networks': 'networks',
  'app-password/expiry': 'expiresAt',
};

const types: Readonly<Record<string, SetErrorType>> = {
  'app-password/limit': 'overQuota',
  'app-password/state': 'forbidden',
  'app-password/unknown': 'notFound',
  'app-password/not-cut': 'unconfirmed',
};

/** What a refusal of the manager is for one record of a /set; anything else goes through. */
export const asSetFailure = (error: unknown): unknown => {
  if (!(error instanceof AppPasswordError)) return error;
  const { code, message } = error;
  const property = properties[code];
  // These messages are made for people, and hold nothing of what was sent.
  if (property !== undefined) return invalidProperties([property], message);
  const type = types[code];
  if (type === undefined) return error;
  return new SetFailure({ type, description: type === 'unconfirmed' ? sentenceOf(error) : message });
};

export const proofNeeded = (): SetFailure =>
  new SetFailure({
    type: 'proofNeeded',
    description:
      'Type your password or use your passkey again: whoever makes an app password can read your mail with it.',
  });
