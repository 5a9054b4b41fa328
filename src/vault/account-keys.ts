import type { Admissions } from './admissions.ts';
import { credentialBinding, sameTarget } from './associated.ts';
import { wipe } from './bytes.ts';
import { sealCredential } from './credential.ts';
import { VaultError } from './errors.ts';
import type { HostKeys } from './host-keys.ts';
import type { AccountPasswords, Opened, SealedInstead, Target } from './keeper.ts';
import { derive, type Cost } from './keys.ts';
import { makePasswordSlot } from './slots.ts';

/** What was proven at one server is not sealed for another. @throws VaultError `admission/gone` */
export const sameAsAdmitted = (admitted: Target, wished: Target): void => {
  if (!sameTarget(admitted, wished)) throw new VaultError('admission/gone', 'the admission is for another server');
};

interface Parts {
  admissions: Admissions;
  host: HostKeys;
  cost: Cost;
}

type Sealed = Pick<Opened, 'credentials' | 'slots'>;

/** One admitted password for one server or both, under the next generation (rules V100 to V103). */
const sealFor = (
  userKey: Uint8Array,
  { user, account, credentialGeneration }: Pick<AccountPasswords, 'user' | 'account' | 'credentialGeneration'>,
  password: Uint8Array,
  targets: readonly Target[],
): Opened['credentials'] => {
  const generation = credentialGeneration + 1;
  const wrapKey = derive(userKey, 'postern/1/wrap-records');
  try {
    return targets.map((target) => {
      const { protocol } = target;
      const binding = credentialBinding(user, account, protocol, generation);
      return { account, protocol, generation, sealed: sealCredential(wrapKey, binding, target, password) };
    });
  } finally {
    wipe(wrapKey);
  }
};

type Proven = Pick<AccountPasswords, 'user' | 'account' | 'credentialGeneration'> & { instead?: SealedInstead };

/**
 * Seals the password that was proven for the IMAP server, or the one that was made in its place, or nothing.
 * @throws VaultError `admission/gone`
 */
export const sealProven = async (
  admissions: Admissions,
  userKey: Uint8Array,
  proven: Proven,
  password: Uint8Array,
  [imap, ...more]: readonly [Target, ...Target[]],
): Promise<Opened['credentials']> => {
  const { instead } = proven;
  if (instead === 'kept') return [];
  if (!instead) return sealFor(userKey, proven, password, [imap, ...more]);
  return admissions.use(instead.admission, async (target, own) => {
    sameAsAdmitted(target, imap);
    return Promise.resolve(sealFor(userKey, proven, own, [imap, ...more]));
  });
};

/** The connection that goes on is the one whose password is kept; the other takes leave. */
export const finishProven = (
  admissions: Admissions,
  admission: string,
  { user, account, instead }: Pick<Proven, 'user' | 'account' | 'instead'>,
): void => {
  const made = instead && instead !== 'kept' ? instead.admission : null;
  if (made !== null) admissions.drop(admission);
  admissions.finish(made ?? admission, { user, account });
};

/**
 * Seals admitted passwords for an account of an unlocked user. Nothing is forgotten before all is sealed, so that a
 * refusal leaves every admission good for another try.
 * @throws VaultError `admission/gone`
 */
export const sealPasswords = async (
  { admissions, host, cost }: Parts,
  userKey: Uint8Array,
  wish: AccountPasswords,
): Promise<Sealed> => {
  const { user, account, imap, smtp, slot, servers } = wish;
  const sealed: Sealed = { credentials: [], slots: [] };
  if (imap) {
    await admissions.use(imap.admission, async (target, password) => {
      sameAsAdmitted(target, imap.target);
      const more = smtp && smtp.admission === null ? [smtp.target] : [];
      sealed.credentials.push(...(await sealProven(admissions, userKey, wish, password, [imap.target, ...more])));
      if (!slot) return;
      const name = { id: slot.id, user, kind: slot.kind, account: slot.account, generation: slot.generation + 1 };
      sealed.slots.push(await makePasswordSlot(host, name, password, userKey, cost, servers));
    });
  }
  if (smtp?.admission) {
    await admissions.use(smtp.admission, async (target, password) => {
      sameAsAdmitted(target, smtp.target);
      sealed.credentials.push(...sealFor(userKey, wish, password, [smtp.target]));
      return Promise.resolve();
    });
  }
  if (imap) finishProven(admissions, imap.admission, wish);
  if (smtp?.admission) admissions.finish(smtp.admission, { user, account });
  return sealed;
};
