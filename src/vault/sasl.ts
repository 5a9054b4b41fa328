import { copyOf, fresh, join, wipe } from './bytes.ts';
import { VaultError } from './errors.ts';
import { scramSha256 } from './scram.ts';

/** One SASL exchange (RFC 4422) in bytes, before base64. Every Buffer given out is for the caller to wipe. */
export interface Mechanism {
  readonly name: string;
  /** The initial response; null: the server speaks first. */
  readonly initial: Buffer | null;
  respond(challenge: Uint8Array): Promise<Buffer>;
  /** The server said success. @throws VaultError `auth/server-unproven` when it has not shown that it may say so */
  finish(): void;
  wipe(): void;
}

const unexpected = (): VaultError => new VaultError('auth/refused', 'the server asked for more than the mechanism has');

/** RFC 4616: no authorization identity. */
export const plain = (username: string, password: Uint8Array): Mechanism => {
  const nul = fresh(1);
  const initial = join(nul, Buffer.from(username, 'utf8'), nul, password);
  return {
    name: 'PLAIN',
    initial,
    respond: async () => {
      throw unexpected();
    },
    finish: () => undefined,
    wipe: () => wipe(initial),
  };
};

/** draft-murchison-sasl-login: the answers to "User Name" and "Password", whatever the server's words are. */
export const login = (username: string, password: Uint8Array): Mechanism => {
  const answers = [Buffer.from(username, 'utf8'), copyOf(password)];
  let asked = 0;
  return {
    name: 'LOGIN',
    initial: null,
    respond: async () => {
      const answer = answers[asked];
      asked += 1;
      if (!answer) throw unexpected();
      return answer;
    },
    finish: () => undefined,
    wipe: () => wipe(...answers),
  };
};

export const scramName = 'SCRAM-SHA-256';

const makers = [
  [scramName, scramSha256],
  ['PLAIN', plain],
  ['LOGIN', login],
] as const;

/** The mechanisms we know among those offered, best first. */
export const knownMechanisms = (
  offered: ReadonlySet<string>,
): readonly ((username: string, password: Uint8Array) => Mechanism)[] =>
  makers
    .filter(([name]) => offered.has(name))
    .map(
      ([, make]) =>
        (username, password) =>
          make(username, password),
    );

/** Bytes no server takes in a password: NUL ends a PLAIN field, CR and LF a line; an empty one is refused everywhere. */
export const isSendable = (password: Uint8Array): boolean =>
  password.length > 0 && !password.includes(0) && !password.includes(10) && !password.includes(13);
