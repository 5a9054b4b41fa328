import type { Doubt, FoundSettings } from '#jmap/auth/discovery.ts';
import type { CertificateReport, ServerFacts } from '#jmap/auth/servers.ts';
import type { UnlockerKind } from '#jmap/auth/unlockers.ts';
import { Problem } from '#base/problem.ts';
import { type CertificateReason, type VaultCode, VaultError } from '#vault/errors.ts';
import { DoorError, locked, unauthenticated } from './problems.ts';

/** Which server a failure is about, and what its provider wants. */
export interface About {
  server: ServerFacts;
  provider: FoundSettings['provider'];
  /** It is the server for sending; the one for reading may bear the same name, and have taken the password. */
  sends?: boolean;
}

const notSent = 'Your password was not sent.';

const certificateReport = (error: VaultError): CertificateReport | null => {
  const facts = error.certificate;
  return (
    facts && {
      reason: error.reason ?? 'other',
      subject: facts.subject,
      issuer: facts.issuer,
      fingerprint: facts.fingerprint,
      validFrom: new Date(facts.validFrom * 1_000).toISOString(),
      validTo: new Date(facts.validTo * 1_000).toISOString(),
      altNames: facts.altNames,
    }
  );
};

const certificateSentence = (reason: CertificateReason | null, report: CertificateReport | null): string => {
  switch (reason) {
    case 'expired':
      return report ? `Its certificate expired on ${report.validTo.slice(0, 10)}.` : 'Its certificate has expired.';
    case 'not-yet-valid':
      return 'Its certificate is not valid yet; the clock of this machine may be wrong.';
    case 'name':
      return `Its certificate is for ${report?.altNames.slice(0, 3).join(', ') || report?.subject || 'another name'}.`;
    case 'unknown-issuer':
    case 'self-signed':
      return 'Its certificate is signed by nobody Postern knows.';
    case 'pin':
      return 'It shows another certificate than the one you trusted.';
    case 'other':
    case null:
      break;
  }
  return 'Its certificate is not valid.';
};

type Saying = (error: VaultError, about: About) => ConstructorParameters<typeof DoorError>;

/** What the vault says while it tries a server, in words. */
const ofServer: Partial<Record<VaultCode, Saying>> = {
  'auth/refused': (_error, { server: { host }, provider, sends }) => [
    'wrong-password',
    provider?.auth === 'app-password'
      ? `${provider.name} wants an app password.`
      : `${host} did not accept this password${sends ? ' for sending mail' : ''}.`,
    provider?.note ??
      'Nothing is wrong with the connection. Check Caps Lock, or use an app password if you have two-step sign-in.',
    provider ? { provider } : {},
  ],
  'auth/no-mechanism': (_error, { server: { host }, provider }) => [
    'no-mechanism',
    `${host} offers no way to sign in with a password.`,
    provider?.note ?? `${notSent} Ask whoever runs the server.`,
  ],
  'auth/server-unproven': (_error, { server: { host } }) => [
    'no-mechanism',
    `${host} could not show that it knows your password.`,
    'Postern did not go on. Ask whoever runs the server.',
  ],
  'net/unreachable': (_error, { server: { host, port } }) => [
    'server-unreachable',
    `${host} does not answer.`,
    `Check the name and port ${port}, or try again.`,
  ],
  'net/timeout': (_error, { server: { host, port } }) => [
    'timeout',
    `${host} takes too long to answer.`,
    `Check the name and port ${port}, or try again.`,
  ],
  'net/host-not-allowed': (_error, { server: { host } }) => [
    'host-not-allowed',
    `This Postern may not connect to ${host}.`,
    `It is a private address, or its administrator allows other servers only. ${notSent}`,
  ],
  'tls/none': (_error, { server: { host, port } }) => [
    'no-tls',
    `${host} offers no encryption on port ${port}.`,
    `${notSent} Try TLS on another port.`,
  ],
  'tls/injection': (_error, { server: { host } }) => [
    'no-tls',
    `The connection to ${host} was tampered with.`,
    notSent,
  ],
  'tls/certificate': (error, { server: { host } }) => {
    const report = certificateReport(error);
    return [
      'bad-certificate',
      `Postern cannot be sure this is ${host}.`,
      `${certificateSentence(error.reason, report)} ${notSent}`,
      report ? { certificate: report } : {},
    ];
  },
  'proto/not-imap': (_error, { server: { host, port } }) => [
    'not-imap',
    `${host} is no IMAP server on port ${port}.`,
    `Check name and port. ${notSent}`,
  ],
  'proto/not-smtp': (_error, { server: { host, port } }) => [
    'not-imap',
    `${host} is no SMTP server on port ${port}.`,
    `Check name and port. ${notSent}`,
  ],
  'limit/connections': (_error, { server: { host } }) => [
    'too-many-connections',
    `${host} lets no further connection in.`,
    'Close another mail program, or try again in a few minutes.',
  ],
  'server/unavailable': (_error, { server: { host } }) => [
    'server-unavailable',
    `${host} cannot sign anybody in now.`,
    'Try again in a few minutes.',
  ],
};

const storeWords = 'Nothing is lost: what you write is kept in this browser. Try again in a moment.';

const internal = (cause: unknown): DoorError =>
  new DoorError('internal', 'Something in Postern went wrong.', 'It has been noted. Try again.', {}, { cause });

type Answering = (cause: Problem) => DoorError;

const keyOutdated: Answering = (cause) =>
  new DoorError(
    'key-outdated',
    'The password could not be opened.',
    'Postern has been started again since this page was loaded. Send it once more.',
    {},
    { cause },
  );
const noKeeper: Answering = (cause) =>
  new DoorError('keeper-unavailable', 'Postern cannot reach its keys now.', storeWords, {}, { cause });
const noStore: Answering = (cause) =>
  new DoorError('store-unavailable', 'Postern cannot reach its database now.', storeWords, {}, { cause });

export const wrongTotp = (options?: ErrorOptions): DoorError =>
  new DoorError(
    'wrong-code',
    'This code is not right.',
    'Each code serves once, and for half a minute. Enter the one your authenticator app shows now.',
    {},
    options,
  );

/** Which of these can be shown in the place of a mail password. */
const inPlace = (others: readonly UnlockerKind[]): ('passkey' | 'recovery')[] =>
  (['passkey', 'recovery'] as const).filter((kind) => others.includes(kind));

/** The mail server takes the password, what is kept here does not open by it. `others`: what else the user has. */
export const slotDoesNotOpen = (others: readonly UnlockerKind[], options?: ErrorOptions): DoorError =>
  new DoorError(
    'slot-does-not-open',
    'The password of this account was changed.',
    `Your mail server takes the new one, but what Postern keeps for you is locked with the one before. Enter the one before once, ${inPlace(others).length > 0 ? 'show another key, ' : ''}or start afresh. Your mail is safe on your server.`,
    { choices: ['previous-password', ...inPlace(others), 'start-afresh'], unlockers: [...others] },
    options,
  );

/** The user took the mail password from what opens the vault. */
export const opensOtherwise = (others: readonly UnlockerKind[]): DoorError =>
  new DoorError(
    'slot-does-not-open',
    'This mailbox opens by your Postern sign-in.',
    'Its mail password alone does not open what Postern keeps for you. Use your Postern name and password or another key, or start afresh beside it. Nothing is lost.',
    { choices: [...inPlace(others), 'start-afresh'], unlockers: [...others] },
  );

const ofCode: Readonly<Record<string, Answering>> = {
  'secret/does-not-open': keyOutdated,
  'admission/gone': keyOutdated,
  'slot/does-not-open': (cause) => slotDoesNotOpen([], { cause }),
  'totp/needed': (cause) =>
    new DoorError(
      'totp-needed',
      'A code is wanted besides.',
      'Your password is right. Enter the six digits your authenticator app shows.',
      {},
      { cause },
    ),
  'totp/wrong': (cause) => wrongTotp({ cause }),
  'secret/weak': (cause) =>
    new DoorError(
      'weak-password',
      'This password is too short.',
      'Ten characters at least. A few words nobody else would put together are best.',
      {},
      { cause },
    ),
  'session/does-not-open': unauthenticated,
  'record/does-not-open': (cause) =>
    new DoorError(
      'unauthenticated',
      'What is kept of this account was changed.',
      'Your password was not sent. Sign in anew.',
      {},
      { cause },
    ),
  'user/locked': () => locked(false),
  'keeper/full': noKeeper,
  'keeper/away': noKeeper,
  'host/secret-file': noKeeper,
  'room/locked': () => locked(false),
  'room/no-account': (cause) =>
    new DoorError('not-found', 'There is no such account.', 'It may have been removed.', {}, { cause }),
  'room/no-message': (cause) =>
    new DoorError('not-found', 'This message is gone.', 'It was deleted on the mail server.', {}, { cause }),
  'room/gone': (cause) =>
    new DoorError(
      'store-unavailable',
      'Your accounts were closed here while this was asked.',
      'They open again by themselves. Look whether it was done, and try again.',
      {},
      { cause },
    ),
  'room/store': noStore,
  'room/full': noStore,
  'room/keeper': noKeeper,
  'room/app-passwords': (cause) =>
    new DoorError(
      'store-unavailable',
      'The database of the app passwords cannot be reached now.',
      'Nothing was changed. Try again in a moment.',
      {},
      { cause },
    ),
  'room/upstream': (cause) =>
    new DoorError(
      'server-unavailable',
      'The mail server could not be asked.',
      'What is already here stays readable. Try again in a moment.',
      {},
      { cause },
    ),
};

/** Any error as the answer a client gets. What is not known is `internal`, and its text goes nowhere. */
export const asDoorError = (error: unknown, about?: About): DoorError => {
  if (error instanceof DoorError) return error;
  if (error instanceof VaultError && about) {
    const [name, title, detail, more] = ofServer[error.code]?.(error, about) ?? [];
    const words = error.words === null ? {} : { words: error.words };
    if (name !== undefined && title !== undefined && detail !== undefined)
      return new DoorError(name, title, detail, { server: about.server, ...words, ...more }, { cause: error });
  }
  if (!(error instanceof Problem)) return internal(error);
  const answering = error.code.startsWith('store/') ? noStore : ofCode[error.code];
  return answering?.(error) ?? internal(error);
};

const doubts: Record<Doubt | 'no-imap', string> = {
  'not-found': 'No mail server was found at the usual names.',
  unreachable: 'No mail server answers at the usual names.',
  timeout: 'The servers took too long to answer.',
  private: 'The servers have private addresses, which this Postern may not reach.',
  'not-allowed': 'The administrator of this Postern allows other servers only.',
  'no-tls': 'The server found offers no encryption.',
  certificate: 'The server found has no valid certificate.',
  'not-imap': 'What answers is no IMAP server.',
  'not-smtp': 'What answers is no SMTP server.',
  'plain-refused': 'The server found offers no encryption.',
  'no-imap': 'The provider has no IMAP.',
};

export const discoveryFailed = (domain: string, doubt: Doubt | 'no-imap', note: string | null): DoorError =>
  new DoorError(
    'discovery-failed',
    `Postern did not find the servers of ${domain}.`,
    note ?? `${doubts[doubt]} Enter the servers by hand. ${notSent}`,
    { doubt },
  );

export const rateLimited = (seconds: number): DoorError =>
  new DoorError('rate-limited', 'Too many attempts.', `Try again in ${seconds} seconds.`, { retryAfter: seconds });
