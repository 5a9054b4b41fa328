import type { Clock } from '#base/clock.ts';
import { checkedLabel, checkedUser } from './checked.ts';
import { AppPasswordError } from './errors.ts';
import { hashPassword, type Scheme } from './hash.ts';
import { newId, newPassword, type Dice } from './password.ts';
import { type GrantedWish, granted, type Policy } from './policy.ts';
import type { Sever } from './sever.ts';
import { isUncertain } from './sql-errors.ts';
import type { AppPasswordStore, ListState, NewRow } from './store.ts';
import {
  type Actor,
  type AppPassword,
  type AuditEntry,
  type Minted,
  protocols,
  type PublicId,
  type Wish,
} from './types.ts';

/** How long a rotated password goes on working, ms. */
export const overlap = 24 * 3_600_000;
const mostClashes = 5;

export interface ManagerParts {
  store: AppPasswordStore;
  sever: Sever;
  policy: Policy;
  scheme: Scheme;
  clock: Clock;
  dice?: Dice;
}

/**
 * What can be done with app passwords; the command line and the gateway do it through this. `user` is an address of any case, and the
 * caller vouches that the one who asks may act for it. Every call may also throw what the database does (`/unavailable`, `/slow`,
 * `/read-only`, `/full`, `/forbidden`, `/not-set-up`), `/user` and `/domain`.
 */
export interface AppPasswords {
  readonly policy: Policy;
  list(user: string): Promise<AppPassword[]>;
  state(user: string): Promise<ListState>;
  changed(user: string, since: ListState): Promise<AppPassword[]>;
  /** @throws AppPasswordError also `/limit`, `/label`, `/protocols`, `/networks`, `/expiry`, `/clash`, `/uncertain` */
  create(user: string, wish: Wish, from: { origin: string; actor: Actor }): Promise<Minted>;
  /**
   * One for Postern itself, beside what the policy lets the user have: it is confined by `networks`, and lives until it is revoked or
   * `expires`. @throws AppPasswordError as `create`
   */
  createOwn(user: string, wish: OwnWish): Promise<Minted>;
  rename(user: string, id: PublicId, label: string, actor: Actor): Promise<AppPassword>;
  /** Refused from now on, and open connections of the user are cut. @throws AppPasswordError also `/not-cut`, `/state` */
  pause(user: string, id: PublicId, actor: Actor): Promise<AppPassword>;
  resume(user: string, id: PublicId, actor: Actor): Promise<AppPassword>;
  /** A new password for the same purpose; the old one works for 24 hours more. @throws AppPasswordError as `create`, and `/state` */
  rotate(user: string, id: PublicId, actor: Actor): Promise<Minted>;
  /**
   * When it returns, the password opens nothing and nothing it opened is left.
   * @throws AppPasswordError also `/not-cut`: revoked in the database; {@link settle} tells Dovecot again
   */
  revoke(user: string, ids: readonly PublicId[] | 'all', actor: Actor): Promise<PublicId[]>;
  /** Tells Dovecot what it has not been told, for one user or for all; how many users. @throws AppPasswordError `/not-cut` */
  settle(user?: string): Promise<number>;
  /** By the policy: `kept`, `ask` the user which to keep, or `dropped`: all but Postern's own are revoked. */
  mainPasswordChanged(user: string): Promise<'kept' | 'ask' | 'dropped'>;
  /** When the main password was found changed, while the user has not answered what becomes of his app passwords; else null. */
  asked(user: string): Promise<number | null>;
  /** He has. */
  answered(user: string): Promise<void>;
  audit(user: string, most?: number): Promise<AuditEntry[]>;
}

/** What Postern makes for itself. */
export type OwnWish = Pick<Wish, 'label' | 'protocols'> & Required<Pick<Wish, 'networks' | 'expires'>>;

/** One that Postern keeps for itself is not asked about and not dropped with the user's. */
const isOfUser = ({ status, origin }: AppPassword): boolean => status.at !== 'revoked' && origin !== 'postern';

const toRow = (wish: GrantedWish, id: PublicId, hash: string, origin: string): NewRow => ({
  id,
  label: wish.label,
  program: wish.program,
  protocols: wish.protocols.join(' '),
  networks: wish.networks.join(','),
  expires: wish.expires,
  hash,
  finder: null,
  origin,
});

export const openManager = ({ store, sever, policy, scheme, clock, dice }: ManagerParts): AppPasswords => {
  const checked = (user: string): string => checkedUser(user, policy.domains);

  /** After an error that leaves open whether the row was stored: whether it is there. */
  const isStored = async (user: string, id: PublicId): Promise<boolean> => {
    try {
      await store.get(user, id);
      return true;
    } catch (error) {
      if (error instanceof AppPasswordError && error.code === 'app-password/unknown') return false;
      throw new AppPasswordError('app-password/uncertain', 'the line broke while the password was being stored', {
        cause: error,
      });
    }
  };

  /** Makes a password and has it stored; nothing is handed out before the row is known to be there. */
  const mint = async (
    user: string,
    wish: GrantedWish,
    origin: string,
    keep: (row: NewRow) => Promise<void>,
  ): Promise<Minted> => {
    for (let tries = 1; ; tries += 1) {
      const id = newId(dice);
      const password = newPassword(id, dice);
      try {
        const row = toRow(wish, id, await hashPassword(scheme, password), origin);
        try {
          await keep(row);
        } catch (error) {
          if (!isUncertain(error) || !(await isStored(user, id))) throw error;
        }
        return { entry: await store.get(user, id), password };
      } catch (error) {
        password.fill(0);
        const isClash = error instanceof AppPasswordError && error.code === 'app-password/clash';
        if (!isClash || tries === mostClashes) throw error;
      }
    }
  };

  const cut = async (user: string): Promise<void> => {
    for (const one of await store.uncut(user)) {
      await sever.cut(user);
      await store.cutDone(user, one.seq);
    }
  };

  const revoke: AppPasswords['revoke'] = async (name, ids, actor) => {
    const user = checked(name);
    const ended = await store.revoke(user, ids, actor);
    await cut(user);
    return ended;
  };

  return {
    policy,
    list: async (user) => store.list(checked(user)),
    state: async (user) => store.state(checked(user)),
    changed: async (user, since) => store.changed(checked(user), since),
    create: async (name, wish, { origin, actor }) => {
      const user = checked(name);
      return mint(user, granted(wish, policy, clock.now()), origin, (row) =>
        store.add(user, row, policy.most, 'created', actor),
      );
    },
    createOwn: async (name, wish) => {
      const user = checked(name);
      const free = { ...policy, longest: 0, protocols };
      return mint(user, granted({ ...wish, program: 'postern' }, free, clock.now()), 'postern', (row) =>
        store.add(user, row, 0, 'created', 'postern'),
      );
    },
    rename: async (name, id, label, actor) => {
      const user = checked(name);
      await store.rename(user, id, checkedLabel(label), actor);
      return store.get(user, id);
    },
    pause: async (name, id, actor) => {
      const user = checked(name);
      await store.pause(user, id, actor);
      await cut(user);
      return store.get(user, id);
    },
    resume: async (name, id, actor) => {
      const user = checked(name);
      await store.resume(user, id, actor);
      try {
        await sever.forget(user);
      } catch (error) {
        // It is good again all the same: Dovecot's memory of the refusal ends by itself within a minute.
        if (!(error instanceof AppPasswordError)) throw error;
      }
      return store.get(user, id);
    },
    rotate: async (name, id, actor) => {
      const user = checked(name);
      const old = await store.get(user, id);
      if (old.status.at !== 'active')
        throw new AppPasswordError('app-password/state', 'only an active one can be replaced');
      const { label, program, networks, expires } = old;
      const latest = policy.longest > 0 ? clock.now() + policy.longest : null;
      const wish = { label, program, protocols: old.protocols, networks, expires: latest ?? expires };
      return mint(user, granted(wish, policy, clock.now()), old.origin, (row) =>
        store.replace(user, id, row, Math.min(clock.now() + overlap, old.expires ?? Infinity), actor),
      );
    },
    revoke,
    settle: async (name) => {
      const pending = await store.uncut(name === undefined ? undefined : checked(name));
      for (const { user } of pending) await cut(user);
      return pending.length;
    },
    mainPasswordChanged: async (name) => {
      const user = checked(name);
      switch (policy.onMainChange) {
        case 'keep':
          return 'kept';
        case 'ask': {
          if (!(await store.list(user)).some(isOfUser)) return 'kept';
          await store.ask(user, clock.now());
          return 'ask';
        }
        case 'drop':
          await revoke(
            user,
            (await store.list(user)).filter(isOfUser).map(({ id }) => id),
            'postern',
          );
          return 'dropped';
      }
    },
    asked: async (name) => store.asked(checked(name)),
    answered: async (name) => store.ask(checked(name), null),
    audit: async (user, most = 200) => store.audit(checked(user), most),
  };
};
