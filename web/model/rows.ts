import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { EmailAddress } from '#jmap/mail.ts';
import type { Seat } from './list.ts';
import type { Mail } from './mail.ts';
import { firstNameOf, nameOf } from './people.ts';
import type { EmailHead, ListQuery } from './types.ts';

/** What a row of the list says. */
export interface Row {
  mail: Mail;
  id: EmailId;
  threadId: string;
  who: string;
  /** Messages of the conversation; 1 when it is a single one. */
  messages: number;
  unread: boolean;
  starred: boolean;
  answered: boolean;
  forwarded: boolean;
  attachment: boolean;
  subject: string;
  snippet: string;
  /** The snippet is of a draft that belongs to the conversation. */
  draft: boolean;
  receivedAt: string;
}

export const isMine = (mail: Mail, person: EmailAddress): boolean => {
  const email = person.email.toLowerCase();
  return (
    email === mail.status.value?.address.toLowerCase() ||
    mail.identities.value.some((identity) => identity.email.toLowerCase() === email)
  );
};

/**
 * The messages of the conversation that belong to the list: what lies only in Trash or Junk stays out of other lists, what
 * lies nowhere any more out of all.
 */
export const membersOf = (
  mail: Mail,
  head: EmailHead,
  query: Pick<ListQuery, 'collapse' | 'mailboxId'>,
): EmailHead[] => {
  if (!query.collapse) return [head];
  const hidden = mail.mailboxes.hidden.value.filter((id) => id !== query.mailboxId);
  const ids = mail.threads.get(head.threadId)?.emailIds ?? [head.id];
  const members = ids.map((id) => mail.emails.get(id)).filter((each) => each !== undefined);
  const shown = members.filter(
    (each) => each.id === head.id || Object.keys(each.mailboxIds).some((id) => !hidden.includes(id as MailboxId)),
  );
  return shown.length > 0 ? shown : [head];
};

const senders = (mail: Mail, members: readonly EmailHead[]): string => {
  const people: { name: string; first: string }[] = [];
  for (const member of members) {
    const person = member.from?.[0];
    if (!person || Object.hasOwn(member.keywords, '$draft')) continue;
    const name = isMine(mail, person) ? 'You' : nameOf(person);
    if (!people.some((known) => known.name === name))
      people.push({ name, first: name === 'You' ? name : firstNameOf(person) });
  }
  if (people.length === 0) return 'Draft';
  if (people.length <= 2)
    return people
      .map((person) => person.name)
      .toSorted((a, b) => Number(b === 'You') - Number(a === 'You'))
      .join(', ');
  const last = people.slice(-2);
  return [people[0], ...last].map((person) => person?.first).join(people.length > 3 ? ' … ' : ', ');
};

const recipients = (mail: Mail, head: EmailHead): string => {
  const names = (head.to ?? []).map((person) => (isMine(mail, person) ? 'me' : nameOf(person)));
  return names.length > 0 ? `To: ${names.join(', ')}` : '(no recipient)';
};

/** The row of an email in a list; undefined while its head is not here. Subscribes to what it reads. */
export const rowOf = ({
  mail,
  id,
  query,
}: Omit<Seat, 'query'> & { query: Pick<ListQuery, 'collapse' | 'mailboxId'> }): Row | undefined => {
  const head = mail.emails.get(id);
  if (!head) return undefined;
  const members = membersOf(mail, head, query);
  const latest = members.at(-1) ?? head;
  const has = (keyword: string): boolean => members.some((member) => Object.hasOwn(member.keywords, keyword));
  const role = query.mailboxId === null ? null : (mail.mailboxes.get(query.mailboxId)?.role ?? null);
  const outgoing = role === 'sent' || role === 'drafts';
  const draft = Object.hasOwn(latest.keywords, '$draft');
  return {
    mail,
    id,
    threadId: head.threadId,
    who: outgoing ? recipients(mail, head) : senders(mail, members),
    messages: outgoing ? 1 : members.filter((member) => !Object.hasOwn(member.keywords, '$draft')).length,
    unread: members.some(
      (member) => !Object.hasOwn(member.keywords, '$seen') && !Object.hasOwn(member.keywords, '$draft'),
    ),
    starred: has('$flagged'),
    answered: Object.hasOwn(head.keywords, '$answered'),
    forwarded: Object.hasOwn(head.keywords, '$forwarded'),
    attachment: members.some((member) => member.hasAttachment),
    subject: head.subject?.trim() || '(no subject)',
    snippet: draft ? latest.preview : head.preview,
    draft,
    receivedAt: head.receivedAt,
  };
};
