import type { FoundSettings } from '#jmap/auth/discovery.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { ServerAddress } from '#config/servers.ts';
import { serverFacts } from '#door/accounts.ts';
import { asDoorError } from '#door/words.ts';
import { quirksFor } from '#imap/quirks.ts';
import { signIn } from '#vault/connect.ts';
import { VaultError } from '#vault/errors.ts';
import type { MailProtocol, Target } from '#vault/keeper.ts';
import type { Network } from '#vault/network.ts';
import { type Visit, visit } from '#vault/visit.ts';
import { type Ability, imapAbilities, mechanismsOf, signInWords, smtpAbilities } from './abilities.ts';
import { askQuota, type Fullness } from './quota.ts';

/** What a user would be told, and the code behind it. */
export type Trouble = Pick<ProblemDocument, 'title' | 'detail' | 'words' | 'certificate'> & { code: string };

/** What was found out about one server. */
export interface Examined {
  protocol: MailProtocol;
  server: ServerAddress;
  visit: Visit | null;
  trouble: Trouble | null;
  /** Whole days until the certificate expires; negative when it has. */
  certificateDays: number | null;
  /** By how many seconds the server's clock is ahead of this machine's; null where it does not tell. */
  clockAhead: number | null;
  mechanisms: string[];
  signInWords: string | null;
  abilities: Ability[];
  /** Entries of the table of servers that need special care. */
  quirks: readonly string[];
  signedIn: { ok: true; ms: number } | { ok: false; trouble: Trouble } | null;
  /** null: nobody signed in, or the server knows no quotas. */
  quota: Fullness | null;
}

const dayMs = 86_400_000;

/** A date behind the semicolon of a greeting, as sendmail, Exim and others write it. */
const clockOf = (greeting: string, now: number): number | null => {
  const at = Date.parse(/;\s*(.{16,60})$/.exec(greeting)?.[1] ?? '');
  return Number.isFinite(at) ? Math.round((at - now) / 1000) : null;
};

const troubleOf = (error: unknown, target: Target, provider: FoundSettings['provider']): Trouble => {
  if (!(error instanceof VaultError)) throw error;
  const { title, detail, words, certificate } = asDoorError(error, { server: serverFacts(target), provider }).document;
  return {
    code: error.code,
    title,
    detail: detail ?? '',
    ...(words === undefined ? {} : { words }),
    ...(certificate === undefined ? {} : { certificate }),
  };
};

interface Question {
  target: Target;
  provider: FoundSettings['provider'];
  /** Left as it is; null: nobody signs in. */
  password: Uint8Array | null;
}

const tried = async (network: Network, { target, provider, password }: Question) => {
  if (password === null) return null;
  const began = performance.now();
  try {
    const signedIn = await signIn(network, target, password);
    const ms = performance.now() - began;
    signedIn.socket.on('error', () => undefined);
    return { signedIn, told: { ok: true, ms } as const };
  } catch (error) {
    return { signedIn: null, told: { ok: false, trouble: troubleOf(error, target, provider) } as const };
  }
};

/** Looks at one server as a sign-in would meet it; with a password signs in as well, once. */
export const examine = async (network: Network, question: Question, now: number): Promise<Examined> => {
  const { target, provider } = question;
  const { protocol, host, port, security } = target;
  const none: Examined = {
    protocol,
    server: { host, port, security },
    visit: null,
    trouble: null,
    certificateDays: null,
    clockAhead: null,
    mechanisms: [],
    signInWords: null,
    abilities: [],
    quirks: [],
    signedIn: null,
    quota: null,
  };
  let found: Visit;
  try {
    found = await visit(network, target);
  } catch (error) {
    return { ...none, trouble: troubleOf(error, target, provider) };
  }
  const { greeting, certificate, capabilities: before } = found;
  const entry = await tried(network, question);
  const capabilities = entry?.signedIn?.capabilities ?? before;
  const quirks = quirksFor({ host, greeting, capabilities, id: {} });
  const abilities = protocol === 'imap' ? imapAbilities(capabilities, quirks.broken) : smtpAbilities(capabilities);
  const asks = abilities.some(({ name, has }) => name === 'QUOTA' && has);
  const quota =
    asks && entry?.signedIn ? await askQuota(entry.signedIn, { host, timeout: network.limits.answer }) : null;
  entry?.signedIn?.socket.destroy();
  return {
    ...none,
    visit: { ...found, capabilities },
    certificateDays: certificate && Math.floor((certificate.validTo * 1000 - now) / dayMs),
    clockAhead: clockOf(greeting, now),
    mechanisms: mechanismsOf(before),
    signInWords: signInWords(protocol, before),
    abilities,
    quirks: quirks.names,
    signedIn: entry?.told ?? null,
    quota,
  };
};

/** Whether people can use this server. */
export const isWell = ({ trouble, signedIn }: Examined): boolean => trouble === null && signedIn?.ok !== false;
