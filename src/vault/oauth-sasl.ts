import { join, wipe } from './bytes.ts';
import { VaultError } from './errors.ts';
import type { Target } from './keeper.ts';
import { type AccessToken, isBearer } from './oauth-secret.ts';
import type { Mechanism } from './sasl.ts';

/** What the server says of a token it does not take – RFC 7628 §3.2.2. */
interface Said {
  status: string | null;
}

/** The JSON of a refusal, if it is any. It is shown to nobody: what it says is known once the refusal is. */
const statusIn = (challenge: Uint8Array): string | null => {
  if (challenge.length === 0 || challenge.length > 4_096) return null;
  try {
    const said = JSON.parse(Buffer.from(challenge).toString('utf8')) as Partial<Record<keyof Said, unknown>> | null;
    return typeof said?.status === 'string' ? said.status.slice(0, 40) : 'refused';
  } catch {
    return 'refused';
  }
};

/**
 * A mechanism that says all it has at once. Asked for more, the server has refused, and `ending` lets it say so: a
 * second challenge is none of either protocol.
 */
const bearer = (name: string, initial: Buffer, ending: readonly number[]): TokenMechanism => {
  let said: string | null = null;
  return {
    name,
    initial,
    get said() {
      return said;
    },
    respond: (challenge) => {
      if (said !== null) throw new VaultError('auth/refused', 'the server asked for more than the mechanism has');
      said = statusIn(challenge) ?? 'refused';
      return Promise.resolve(Buffer.from(ending));
    },
    finish: () => {
      if (said !== null) throw new VaultError('auth/refused', 'the server let in what it had refused');
    },
    wipe: () => wipe(initial),
  };
};

export interface TokenMechanism extends Mechanism {
  /** The status of a refusal; null: nothing was said. */
  readonly said: string | null;
}

const fields = (...parts: readonly (string | Uint8Array)[]): Buffer =>
  join(...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)));

/** saslname – RFC 5801 §4 */
const saslName = (username: string): string => username.replaceAll('=', '=3D').replaceAll(',', '=2C');

/** RFC 7628 §3.1 */
export const oauthBearer = ({ username, host, port }: Target, token: Uint8Array): TokenMechanism =>
  bearer(
    'OAUTHBEARER',
    fields(`n,a=${saslName(username)},\u0001host=${host}\u0001port=${port}\u0001auth=Bearer `, token, '\u0001\u0001'),
    [1],
  );

/** Google's and Microsoft's, from before the standard. */
export const xoauth2 = ({ username }: Target, token: Uint8Array): TokenMechanism =>
  bearer('XOAUTH2', fields(`user=${username}\u0001auth=Bearer `, token, '\u0001\u0001'), []);

const makers = [
  ['OAUTHBEARER', oauthBearer],
  ['XOAUTH2', xoauth2],
] as const;

/**
 * The best mechanism for a token among those offered.
 * @throws VaultError `auth/no-mechanism`, `auth/refused` for what no server takes as a token or a login
 */
export const tokenMechanism = (
  offered: ReadonlySet<string>,
  target: Target,
  { bytes }: AccessToken,
): TokenMechanism => {
  // eslint-disable-next-line no-control-regex
  if (!isBearer(bytes) || /[\u0000-\u001f]/.test(target.username))
    throw new VaultError('auth/refused', 'no server takes such a token');
  const [, make] = makers.find(([name]) => offered.has(name)) ?? [];
  if (!make) throw new VaultError('auth/no-mechanism', 'the server takes no tokens');
  return make(target, bytes);
};
