import type { ReadonlySignal } from '@preact/signals-core';
import type {
  AccountCheck,
  AccountFacts,
  AccountPatch,
  AddAccountRequest,
  RenewAccountRequest,
} from '#jmap/auth/accounts.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Sealed } from '../seal.ts';
import { answered, getJson, isProblem, type Outcome, sendJson } from '../asking.ts';
import { postSealed } from '../sealed-post.ts';
import type { Session } from '../session.ts';
import { type Loaded, openLoaded } from '../settings/loaded.ts';
import { tellUndoable } from '../tell-undoable.ts';
import type { Toasts } from '../toasts.ts';
import type { Undoable, UndoStack } from '../undo.ts';
import { withProof } from '../unlockers/proof.ts';

/** The mail accounts of the user, as their settings have them. Nothing here rejects. */
export interface Accounts {
  readonly state: ReadonlySignal<Loaded<AccountFacts>>;
  load(): Promise<void>;
  /** Shown at once, undoable, taken back when the server refuses. */
  patch(account: AccountFacts, patch: AccountPatch, label: string): Promise<void>;
  /** Of an account that was just made: without a word and without undo. */
  name(account: AccountFacts, patch: Pick<AccountPatch, 'name' | 'colour' | 'inAllInboxes'>): Promise<void>;
  /** One place up or down. */
  move(account: AccountFacts, by: 1 | -1): Promise<void>;
  /** Both servers are asked once. */
  check(account: AccountFacts): Promise<Outcome<AccountCheck>>;
  /** Another password, or other servers. Nothing changes unless the servers took it. */
  renew(account: AccountFacts, wish: Omit<RenewAccountRequest, 'address'>): Promise<Outcome<AccountFacts>>;
  add(wish: AddAccountRequest): Promise<Outcome<AccountFacts>>;
  /** With a proof. Null when it is gone or nobody wanted to prove anything; else why not. */
  remove(account: AccountFacts): Promise<ProblemDocument | null>;
  /** The last one, and with it all that is kept of the user, who is signed out then. As `remove`. */
  leave(): Promise<ProblemDocument | null>;
}

export interface AccountParts {
  connection: Connection;
  session: Session;
  toasts: Toasts;
  undo: UndoStack;
  mails: ReadonlySignal<readonly Mail[]>;
}

const url = '/auth/accounts';

const secretsOf = (login: string, password: string, smtpPassword?: string): Sealed[] => [
  { purpose: 'mailPassword', login, secret: password },
  ...(smtpPassword === undefined ? [] : [{ purpose: 'smtpPassword', login, secret: smtpPassword } as const]),
];

/** What the facts were, for the fields of a patch. */
const inverse = (account: AccountFacts, patch: AccountPatch): AccountPatch =>
  Object.fromEntries(
    Object.keys(patch)
      .filter((key) => key !== 'changesSeen')
      .map((key) => [key, account[key as keyof AccountFacts]]),
  );

/** `list` with the account at `to`; positions follow. */
export const placed = (list: readonly AccountFacts[], id: string, to: number): AccountFacts[] => {
  const moving = list.find((each) => each.id === id);
  if (!moving) return [...list];
  const rest = list.filter((each) => each !== moving);
  return rest.toSpliced(to, 0, moving).map((each, position) => ({ ...each, position }));
};

/** A change on its way to the server. */
interface Sending {
  id: string;
  patch: AccountPatch;
}

const patched = (list: readonly AccountFacts[], { id, patch }: Sending): readonly AccountFacts[] => {
  const changed = list.map((each) => (each.id === id ? { ...each, ...patch } : each));
  return patch.position === undefined ? changed : placed(changed, id, patch.position);
};

export const openAccounts = ({ connection, session, toasts, undo, mails }: AccountParts): Accounts => {
  const fetch = (to: string, init: RequestInit): Promise<Response> => connection.fetch(to, init);
  /** Shown already, and not answered yet: what was read meanwhile does not take it back. */
  const sending = new Set<Sending>();
  const { state, load, change } = openLoaded(async () => {
    const answer = await getJson<{ accounts: AccountFacts[] }>(fetch, url);
    if (!answer.ok) throw new ModelError('net/server', answer.problem.title);
    return [...sending].reduce(patched, answer.value.accounts);
  });

  const put = (account: AccountFacts): void =>
    change((list) =>
      [...sending]
        .filter(({ id }) => id === account.id)
        .reduce<readonly AccountFacts[]>(
          patched,
          list.map((each) => (each.id === account.id ? account : each)),
        ),
    );

  const at = (id: string): string => `${url}/${encodeURIComponent(id)}`;

  /** Whether the server took it. */
  const send = async (id: string, patch: AccountPatch): Promise<boolean> => {
    const mine = { id, patch };
    sending.add(mine);
    change((list) => patched(list, mine));
    const answer = await sendJson<AccountFacts>(fetch, at(id), patch, 'PATCH');
    sending.delete(mine);
    if (answer.ok) {
      put(answer.value);
      // New letters get the first of the list.
      const mail = mails.peek().find((each) => each.id === id);
      const { identity } = answer.value;
      mail?.setIdentities(
        mail.identities.peek().toSorted((a, b) => Number(b.id === identity) - Number(a.id === identity)),
      );
    } else if (!isProblem(answer.problem, 'unauthenticated'))
      toasts.show(`It is as it was. ${answer.problem.title}`, { tone: 'failed' });
    // Names, colours and places stand in the session too.
    if (answer.ok && patch.position !== undefined) await session.open();
    if (!answer.ok) await load();
    return answer.ok;
  };

  const patchOne: Accounts['patch'] = async (account, patch, label) => {
    const back = inverse(account, patch);
    const item: Undoable = { label, undo: () => void send(account.id, back) };
    tellUndoable({ undo, toasts }, item, 'check');
    if (!(await send(account.id, patch))) undo.drop(item);
  };

  /** Undefined when it is gone; null when nobody wanted to prove anything. */
  const drop = async (what: string): Promise<ProblemDocument | null | undefined> => {
    const answer = await withProof(() =>
      answered<undefined>(() => fetch(what, { method: 'DELETE', headers: { accept: 'application/json' } })),
    );
    if (answer.ok) return undefined;
    return isProblem(answer.problem, 'proof-needed') ? null : answer.problem;
  };

  return {
    state,
    load,
    patch: patchOne,
    name: async (account, patch) => void (await send(account.id, patch)),
    move: async (account, by) => {
      const now = state.peek();
      if (now.at !== 'ready') return;
      const to = now.list.findIndex((each) => each.id === account.id) + by;
      if (to < 0 || to >= now.list.length) return;
      await patchOne({ ...account, position: to - by }, { position: to }, `Moved ${account.name}`);
    },
    check: async (account) => {
      const answer = await sendJson<AccountCheck>(fetch, `${at(account.id)}/check`, {});
      if (answer.ok) put(answer.value.account);
      return answer;
    },
    renew: async (account, { password, smtpPassword, ...servers }) => {
      const form = { address: account.address, ...servers };
      const secrets = secretsOf(account.address, password, smtpPassword);
      const answer = await withProof(() =>
        postSealed<AccountFacts>(fetch, `${at(account.id)}/password`, form, secrets),
      );
      if (answer.ok) put(answer.value);
      return answer;
    },
    add: async ({ password, smtpPassword, ...form }) => {
      const answer = await postSealed<AccountFacts>(fetch, url, form, secretsOf(form.address, password, smtpPassword));
      if (!answer.ok) return answer;
      change((list) => [...list, answer.value]);
      await session.open();
      return answer;
    },
    remove: async (account) => {
      const refused = await drop(at(account.id));
      if (refused !== undefined) return refused;
      change((list) => list.filter((each) => each.id !== account.id));
      toasts.show(`${account.name} is removed from Postern`, { icon: 'check' });
      await session.open();
      return null;
    },
    leave: async () => {
      const refused = await drop('/auth/user');
      if (refused !== undefined) return refused;
      await session.signOut();
      return null;
    },
  };
};
