import type { AuditFacts, UnlockerFacts, UnlockerKind } from '#jmap/auth/unlockers.ts';
import { foldTime } from '../format.ts';
import { ago } from '../settings/words.ts';

/** How unlockers, and what happened to them, are said. */

export const kindNames: Readonly<Record<UnlockerKind, string>> = {
  passkey: 'passkey',
  'site-password': 'password of Postern',
  'mail-password': 'mail password',
  recovery: 'recovery code',
};

/** `Added 3 March, used 4 minutes ago` */
export const unlockerWords = ({ createdAt, lastUsedAt }: UnlockerFacts, now: Date): string =>
  `Added ${foldTime(createdAt, now)}, ${lastUsedAt === null ? 'not used yet' : `used ${ago(lastUsedAt, now)}`}`;

/** What a passkey made here could be called: the device, as its owner knows it. */
export const deviceName = (userAgent: string): string => {
  if (/iPhone/u.test(userAgent)) return 'iPhone';
  if (/iPad/u.test(userAgent)) return 'iPad';
  if (/Android/u.test(userAgent)) return 'Android phone';
  if (/Mac OS X/u.test(userAgent)) return 'Mac';
  if (/Windows/u.test(userAgent)) return 'Windows computer';
  return /Linux/u.test(userAgent) ? 'Linux computer' : 'This device';
};

const ways: Readonly<Record<string, string>> = {
  'mail-password': 'with a mail password',
  'site-password': 'with the password of Postern',
  mail: 'with a mail password',
  site: 'with the password of Postern',
  passkey: 'with a passkey',
  recovery: 'with the recovery code',
};

const appPasswords: Readonly<Record<string, string>> = {
  'app-password-created': 'App password made',
  'app-password-rotated': 'App password renewed',
  'app-password-revoked': 'App password revoked',
  'app-password-paused': 'App password paused',
  'app-password-resumed': 'App password resumed',
};

const titles: Readonly<Record<string, string>> = {
  'sign-in': 'Signed in',
  'sign-in-refused': 'Sign-in refused',
  'sign-out': 'Signed out',
  'session-ended': 'Session ended',
  locked: 'Postern locked',
  unlocked: 'Postern opened again',
  'key-theft': 'A copied session was noticed, and ended',
  'unlocker-added': 'Added',
  'unlocker-renamed': 'Renamed',
  'unlocker-removed': 'Removed',
  'unlocker-changed': 'Changed',
  'recovery-used': 'Recovery code used',
  'user-key-rotated': 'Keys renewed',
  'account-added': 'Mail account added',
  'account-removed': 'Mail account removed',
  'account-changed': 'Mail account changed',
  'certificate-changed': 'A mail server shows another certificate',
  'user-locked': 'Locked by the administrator',
  'user-unlocked': 'Opened by the administrator',
  'secret-rotated': 'The host key was renewed by the administrator',
};

/** Events that deserve a second look. */
const grave = new Set(['key-theft', 'sign-in-refused', 'recovery-used', 'certificate-changed']);

export interface EventWords {
  title: string;
  /** Of what: `the passkey “Laptop”`; may be empty. */
  about: string;
  grave: boolean;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export const eventWords = ({ kind, facts }: AuditFacts): EventWords => {
  const title =
    titles[kind] ?? appPasswords[kind] ?? kind.replaceAll('-', ' ').replace(/^./u, (first) => first.toUpperCase());
  const by = text(facts['unlocker'] ?? facts['by'] ?? facts['way'] ?? facts['kind']);
  const name = text(facts['name'] ?? facts['account'] ?? facts['address'] ?? facts['host']);
  if (kind.startsWith('unlocker-')) {
    const what = kindNames[by as UnlockerKind] ?? (by === 'totp' ? 'second step' : by || 'a way in');
    return { title: `${title}: ${what}`, about: name, grave: false };
  }
  return { title, about: [ways[by], name].filter(Boolean).join(', '), grave: grave.has(kind) };
};

/** `weak`, `fair`, `strong`: how long a password withstands guessing, roughly; it is a hint and no rule. */
export const strengthOf = (password: string): 'weak' | 'fair' | 'strong' => {
  const kinds = [/[a-z]/u, /[A-Z]/u, /[0-9]/u, /[^a-zA-Z0-9]/u].filter((kind) => kind.test(password)).length;
  const different = new Set(password).size;
  const points = Math.min(password.length, different * 2) + kinds * 2;
  return password.length < 10 || points < 14 ? 'weak' : points < 20 ? 'fair' : 'strong';
};
