import { batch, signal, type ReadonlySignal } from '@preact/signals-core';
import type { Account } from '#jmap/core.ts';
import type { AccountId, EmailId, MailboxId, ThreadId } from '#jmap/ids.ts';
import type { MailAccount } from '#jmap/keep.ts';
import type { Identity, Thread } from '#jmap/mail.ts';
import type { PushType } from '#jmap/methods.ts';
import type { Connection } from './connection.ts';
import { type ModelError, modelError } from './errors.ts';
import { openMailboxes, type Mailboxes } from './mailboxes.ts';
import { EditableStore, RecordStore } from './records.ts';
import { bodyProperties, headProperties, type EmailBody, type EmailHead } from './types.ts';

/** States the account's records are known at. */
export type States = Partial<Record<PushType, string>>;

/** What moved between two states of an account, as lists need to know it. */
export interface EmailNews {
  created: readonly EmailId[];
  updated: readonly EmailId[];
  destroyed: readonly EmailId[];
  /** The server could not say what changed. */
  everything: boolean;
}

/** One mail account: its records and how they are fetched. */
export interface Mail {
  readonly id: AccountId;
  readonly account: Account;
  readonly emails: EditableStore<EmailHead>;
  readonly bodies: RecordStore<EmailBody>;
  readonly threads: RecordStore<Thread>;
  readonly mailboxes: Mailboxes;
  readonly identities: ReadonlySignal<readonly Identity[]>;
  /** Hosts, status in words, sync progress; null until the first answer. */
  readonly status: ReadonlySignal<MailAccount | null>;
  /** Why the account could not be opened; null while it is well. */
  readonly trouble: ReadonlySignal<ModelError | null>;
  readonly states: States;
  /** Fetches mailboxes, identities and status. Never rejects; see `trouble`. */
  load(): Promise<void>;
  /** Lets go of everything decrypted but what letters being written need (identities); `load` brings it back. */
  forget(): void;
  setIdentities(list: readonly Identity[]): void;
  setStatus(status: MailAccount): void;
  /** Fetches the heads among `ids` that are not known. Rejects as the connection does. */
  needHeads(ids: readonly EmailId[]): Promise<void>;
  /** Fetches threads and the heads of their emails, known or not. */
  loadThreads(ids: readonly ThreadId[]): Promise<void>;
  /**
   * Fetches bodies that are not known, and asks again for those that were gone while their heads are here. Never rejects:
   * a failure stands in the record.
   */
  needBodies(ids: readonly EmailId[]): Promise<void>;
  /** Called after records changed on the server; returns what stops it. */
  onEmails(listener: (news: EmailNews) => void): () => void;
  tell(news: EmailNews): void;
  /** Called when something in the outbox may have moved on; returns what stops it. */
  onSubmissions(listener: () => void): () => void;
  /** The state of the account's app passwords as push told it last. */
  readonly appPasswords: ReadonlySignal<string | null>;
  tellAppPasswords(state: string): void;
  /** The same of its quotas. */
  readonly quotas: ReadonlySignal<string | null>;
  tellQuotas(state: string): void;
  tellSubmissions(): void;
}

/** RFC 8620 §2 `maxObjectsInGet` is at least this. */
export const maxInGet = 500;
/** Octets of text shown at once; the rest is in the source. */
export const maxBodyBytes = 512 * 1024;

export const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));

const countProperties = ['id', 'totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads'];

export const openMail = (connection: Connection, id: AccountId, account: Account): Mail => {
  const accountId = id;
  const states: States = {};
  const mailboxes = openMailboxes(connection, id);
  const identities = signal<readonly Identity[]>([]);
  const status = signal<MailAccount | null>(null);
  const trouble = signal<ModelError | null>(null);
  const appPasswords = signal<string | null>(null);
  const quotas = signal<string | null>(null);
  const listeners = new Set<(news: EmailNews) => void>();
  const submissionListeners = new Set<() => void>();

  const tell = (news: EmailNews): void => {
    for (const listener of listeners) listener(news);
  };

  /** Changes of emails go out with a look at the counts they move; lists hear of what moved. */
  const emails = new EditableStore<EmailHead>(async (update) => {
    const touched = new Set<MailboxId>();
    const moved = new Set<EmailId>();
    for (const [email, patch] of Object.entries(update)) {
      for (const key of Object.keys(patch)) {
        if (!key.startsWith('mailboxIds/')) continue;
        touched.add(key.slice(11) as MailboxId);
        moved.add(email as EmailId);
      }
      for (const mailbox of Object.keys(emails.peek(email)?.mailboxIds ?? {})) touched.add(mailbox as MailboxId);
    }
    const set = connection.call('Email/set', { accountId, update });
    const counts = connection.call('Mailbox/get', { accountId, ids: [...touched], properties: countProperties });
    void counts.answer.then((answer) => mailboxes.merge(answer.list)).catch(() => undefined);
    const answer = await set.answer;
    if (answer.oldState !== null && states.Email === answer.oldState) states.Email = answer.newState;
    if (moved.size > 0) tell({ created: [], updated: [...moved], destroyed: [], everything: false });
    return answer;
  });
  const bodies = new RecordStore<EmailBody>();
  const threads = new RecordStore<Thread>();

  const getHeads = async (ids: readonly EmailId[]): Promise<void> => {
    const calls = chunks(ids, maxInGet).map((some) =>
      connection.call('Email/get', { accountId, ids: some, properties: [...headProperties] }),
    );
    for (const answer of await Promise.all(calls.map((call) => call.answer)))
      batch(() => {
        emails.put(answer.list);
        emails.gone(answer.notFound);
      });
  };

  return {
    id,
    account,
    emails,
    bodies,
    threads,
    mailboxes,
    identities,
    status,
    trouble,
    states,
    forget: () => {
      batch(() => {
        emails.forget();
        bodies.forget();
        threads.forget();
        mailboxes.forget();
        status.value = null;
      });
    },
    setIdentities: (list) => {
      identities.value = list;
    },
    setStatus: (next) => {
      status.value = next;
    },
    load: async () => {
      try {
        const boxes = connection.call('Mailbox/get', { accountId, ids: null });
        const names = connection.call('Identity/get', { accountId, ids: null });
        const keep = connection.call('MailAccount/get', { accountId, ids: null });
        const mail = connection.call('Email/get', { accountId, ids: [] });
        const [box, name, kept, email] = await Promise.all([boxes.answer, names.answer, keep.answer, mail.answer]);
        states.Mailbox = box.state;
        states.Identity = name.state;
        states.MailAccount = kept.state;
        states.Email = email.state;
        batch(() => {
          mailboxes.reset(box.list);
          identities.value = name.list;
          status.value = kept.list[0] ?? null;
          trouble.value = null;
        });
      } catch (error) {
        trouble.value = modelError(error);
      }
    },
    needHeads: (ids) => getHeads(emails.missing(ids) as EmailId[]),
    loadThreads: async (ids) => {
      const answers = chunks(ids, maxInGet).map(
        (some) => connection.call('Thread/get', { accountId, ids: some }).answer,
      );
      for (const answer of await Promise.all(answers)) {
        await getHeads(emails.missing(answer.list.flatMap((thread) => thread.emailIds)) as EmailId[]);
        batch(() => {
          threads.put(answer.list);
          threads.gone(answer.notFound);
        });
      }
    },
    needBodies: async (ids) => {
      const missing = [...bodies.missing(ids), ...emails.held(bodies.held(ids, 'gone'))] as EmailId[];
      if (missing.length === 0) return;
      bodies.loading(missing);
      try {
        const answer = await connection.call('Email/get', {
          accountId,
          ids: missing,
          properties: [...bodyProperties],
          fetchTextBodyValues: true,
          maxBodyValueBytes: maxBodyBytes,
          joinFlowed: true,
        }).answer;
        batch(() => {
          bodies.put(answer.list);
          bodies.gone(answer.notFound);
        });
      } catch (error) {
        bodies.failed(missing, modelError(error));
      }
    },
    onEmails: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell,
    onSubmissions: (listener) => {
      submissionListeners.add(listener);
      return () => submissionListeners.delete(listener);
    },
    appPasswords,
    tellAppPasswords: (state) => {
      appPasswords.value = state;
    },
    quotas,
    tellQuotas: (state) => {
      quotas.value = state;
    },
    tellSubmissions: () => {
      for (const listener of submissionListeners) listener();
    },
  };
};
