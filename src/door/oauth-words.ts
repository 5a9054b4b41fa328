import { VaultError, type VaultCode } from '#vault/errors.ts';
import { serverFacts } from './accounts.ts';
import type { Waiting } from './oauth-waiting.ts';
import { DoorError } from './problems.ts';
import { asDoorError } from './words.ts';

export const expired = (): DoorError =>
  new DoorError('oauth-expired', 'This sign-in took too long.', 'Nothing was kept. Begin again.');

/** RFC 6749 §4.1.2.1: `error` instead of a code. */
export const declined = (name: string, error: string): DoorError =>
  error === 'access_denied'
    ? new DoorError(
        'oauth-refused',
        `${name} was not allowed to let Postern in.`,
        'Nothing was kept. Try again, and allow access to your mail.',
      )
    : new DoorError('oauth-refused', `${name} did not finish the sign-in.`, 'Nothing was kept. Try again.', {
        words: error,
      });

const wordsOf = ({ words }: VaultError) => (words === null ? {} : { words });

/** What kept somebody from being sent to an issuer. */
export const notSent = (error: unknown, name: string): DoorError => {
  if (!(error instanceof VaultError)) return asDoorError(error);
  const known = /^(?:net|tls|server)\//.test(error.code) || error.code === 'auth/refused';
  if (!known) return asDoorError(error);
  return new DoorError(
    'oauth-unavailable',
    `${name} does not answer.`,
    'Try again in a few minutes. If it goes on, tell the administrator of this Postern.',
    wordsOf(error),
    { cause: error },
  );
};

const refusals: Partial<Record<VaultCode, (host: string, name: string) => readonly [string, string]>> = {
  'auth/refused': (host, name) => [
    `${host} did not accept the sign-in at ${name}.`,
    'Nothing was kept. Check that you sign in there with the same address, and try again.',
  ],
  'auth/no-mechanism': (host, name) => [
    `${host} cannot be opened by a sign-in at ${name}.`,
    'Nothing was kept. Use a password or an app password instead.',
  ],
};

/** What kept the issuer's answer from opening the mailbox. */
export const notAdmitted = (error: unknown, { issuer, servers }: Waiting): DoorError => {
  if (!(error instanceof VaultError)) return asDoorError(error);
  if (error.code === 'admission/gone') return expired();
  const server = serverFacts(servers.imap);
  const refusal = refusals[error.code]?.(servers.imap.host, issuer.name);
  if (!refusal) return asDoorError(error, { server, provider: servers.provider });
  return new DoorError('oauth-refused', ...refusal, { server, ...wordsOf(error) }, { cause: error });
};
