import { batch } from '@preact/signals-core';
import type { EmailId, MailboxId, ThreadId } from '#jmap/ids.ts';
import type { Connection } from './connection.ts';
import { ModelError } from './errors.ts';
import { chunks, maxInGet, type EmailNews, type Mail, type States } from './mail.ts';

/** Follows the server's states: fetches what changed of the records that are known, and tells the lists. */

const changeable = ['id', 'threadId', 'mailboxIds', 'keywords', 'preview'];
const none: EmailNews = { created: [], updated: [], destroyed: [], everything: false };
const everything: EmailNews = { ...none, everything: true };

/** The server was there and would not tell the changes, for whatever reason: all is to be read anew. */
const isRefused = (error: unknown): boolean =>
  error instanceof ModelError && (error.code === 'jmap/method' || error.code === 'jmap/request');

const syncMailboxes = async (connection: Connection, mail: Mail): Promise<void> => {
  const accountId = mail.id;
  const whole = async (): Promise<void> => {
    const answer = await connection.call('Mailbox/get', { accountId, ids: null }).answer;
    mail.mailboxes.reset(answer.list);
    mail.states.Mailbox = answer.state;
  };
  if (mail.states.Mailbox === undefined) return whole();
  const changes = connection.call('Mailbox/changes', { accountId, sinceState: mail.states.Mailbox });
  const created = connection.call('Mailbox/get', { accountId, '#ids': changes.ref('/created') });
  const updated = connection.call('Mailbox/get', { accountId, '#ids': changes.ref('/updated') });
  try {
    const [change, made, moved] = await Promise.all([changes.answer, created.answer, updated.answer]);
    batch(() => {
      mail.mailboxes.put([...made.list, ...moved.list]);
      mail.mailboxes.drop(change.destroyed as MailboxId[]);
    });
    mail.states.Mailbox = change.newState;
    if (change.hasMoreChanges) await syncMailboxes(connection, mail);
  } catch (error) {
    if (!isRefused(error)) throw error;
    await whole();
  }
};

/** What was thought to be gone and is there after all is fetched. */
const found = async ({ emails, bodies, needHeads, needBodies }: Mail, ids: readonly EmailId[]): Promise<void> => {
  const heads = emails.held(ids, 'gone') as EmailId[];
  const texts = bodies.held(ids, 'gone') as EmailId[];
  emails.forget(heads);
  bodies.forget(texts);
  void needBodies(texts);
  await needHeads(heads);
};

/** What moved since the state that is known. */
const syncEmails = async (connection: Connection, mail: Mail): Promise<EmailNews> => {
  const accountId = mail.id;
  const since = mail.states.Email;
  if (since === undefined) return everything;
  try {
    const change = await connection.call('Email/changes', { accountId, sinceState: since }).answer;
    const created = change.created as EmailId[];
    const updated = change.updated as EmailId[];
    const destroyed = change.destroyed as EmailId[];
    const known = mail.emails.held(updated) as EmailId[];
    const calls = chunks(known, maxInGet).map(
      (ids) => connection.call('Email/get', { accountId, ids, properties: changeable }).answer,
    );
    for (const answer of await Promise.all(calls)) mail.emails.merge(answer.list);
    await found(mail, [...created, ...updated]);
    mail.emails.gone(mail.emails.held(destroyed));
    mail.states.Email = change.newState;
    const more = change.hasMoreChanges ? await syncEmails(connection, mail) : none;
    return {
      created: [...created, ...more.created],
      updated: [...updated, ...more.updated],
      destroyed: [...destroyed, ...more.destroyed],
      everything: more.everything,
    };
  } catch (error) {
    if (!isRefused(error)) throw error;
    const answer = await connection.call('Email/get', { accountId, ids: [] }).answer;
    mail.states.Email = answer.state;
    mail.emails.forget();
    mail.threads.forget();
    return everything;
  }
};

/** Threads that are known and got or lost an email. */
const syncThreads = async (mail: Mail, news: EmailNews): Promise<void> => {
  const gone = new Set<string>(news.destroyed);
  const touched = new Set<string>();
  if (news.created.length > 0 && news.created.length <= 50) {
    await mail.needHeads(news.created);
    for (const id of news.created) {
      const thread = mail.emails.peek(id)?.threadId;
      if (thread && mail.threads.peek(thread)) touched.add(thread);
    }
  } else if (news.created.length > 50) for (const id of mail.threads.ids()) touched.add(id);
  if (gone.size > 0)
    for (const id of mail.threads.ids())
      if (mail.threads.peek(id)?.emailIds.some((email) => gone.has(email))) touched.add(id);
  if (touched.size > 0) await mail.loadThreads([...touched] as ThreadId[]);
};

const syncRest = async (connection: Connection, mail: Mail, changed: States): Promise<void> => {
  const accountId = mail.id;
  const calls: Promise<void>[] = [];
  if (changed.Identity !== undefined && changed.Identity !== mail.states.Identity)
    calls.push(
      connection.call('Identity/get', { accountId, ids: null }).answer.then((answer) => {
        mail.setIdentities(answer.list);
        mail.states.Identity = answer.state;
      }),
    );
  if (changed.MailAccount !== undefined && changed.MailAccount !== mail.states.MailAccount)
    calls.push(
      connection.call('MailAccount/get', { accountId, ids: null }).answer.then((answer) => {
        const status = answer.list[0];
        if (status) mail.setStatus(status);
        mail.states.MailAccount = answer.state;
      }),
    );
  await Promise.all(calls);
};

export interface Follower {
  /** States as push told them. Runs one after another; equal states cost nothing. */
  follow(changed: States): Promise<void>;
  /** Asks for whatever changed, without having been told. */
  check(): Promise<void>;
}

export const openFollower = (connection: Connection, mail: Mail): Follower => {
  let running: Promise<void> | null = null;
  let next: States | null = null;

  const syncMail = async (): Promise<void> => {
    const news = await syncEmails(connection, mail);
    await syncThreads(mail, news);
    mail.tell(news);
  };

  const round = async (changed: States): Promise<void> => {
    const mailboxes =
      changed.Mailbox !== undefined && changed.Mailbox !== mail.states.Mailbox ? syncMailboxes(connection, mail) : null;
    const rest = syncRest(connection, mail, changed);
    if (changed.AppPassword !== undefined) mail.tellAppPasswords(changed.AppPassword);
    if (changed.Quota !== undefined) mail.tellQuotas(changed.Quota);
    if (changed.EmailSubmission !== undefined && changed.EmailSubmission !== mail.states.EmailSubmission) {
      mail.states.EmailSubmission = changed.EmailSubmission;
      mail.tellSubmissions();
    }
    const emails = changed.Email !== undefined && changed.Email !== mail.states.Email ? syncMail() : null;
    await Promise.all([mailboxes, rest, emails]);
  };

  const run = async (): Promise<void> => {
    while (next) {
      const changed = next;
      next = null;
      await round(changed);
    }
  };

  const follow = (changed: States): Promise<void> => {
    next = { ...next, ...changed };
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };

  return { follow, check: () => follow({ Mailbox: '', Email: '', MailAccount: '', EmailSubmission: '' }) };
};
