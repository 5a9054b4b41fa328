import type { Email, EmailNumber, EmailRow, Index, IndexReader, Mailbox } from '#index/types.ts';
import { emailIdOf, emailNumberOf, mailboxesIn, mailboxIdOf, mailboxOf } from './email-patch.ts';
import type { EmailPatch, SubmissionRecord } from './submission.ts';

/** What the ids in a record mean: an index that is made anew counts otherwise (O33). */
export interface Places {
  /** Of the index that gave the ids. */
  epoch: string;
  /** Of the Email, which keeps it whatever number it gets; records of earlier versions have none. */
  row?: EmailRow;
  /** Mailboxes in which the Email lay. */
  at: string[];
  /** Mailboxes of `at` and of the patch, by id. */
  mailboxes: Record<string, Pick<Mailbox, 'pathRaw' | 'role'>>;
  /** Message-IDs of the Emails that are marked, by id. */
  emails: Record<string, string>;
}

/** What the ids mean now, in the index that gives them. */
export const placesOf = (
  index: Index,
  email: Email,
  patch: EmailPatch | null,
  marks: SubmissionRecord['onSuccessMark'],
): Places =>
  index.read((reader) => {
    const at = email.mailboxes.map(mailboxIdOf);
    const boxes = [...at, ...mailboxesIn(patch ?? {})].flatMap((id) => {
      const number = mailboxOf(id);
      const box = number === null ? undefined : reader.mailbox(number);
      return box ? [[id, { pathRaw: box.pathRaw, role: box.role }] as const] : [];
    });
    const emails = marks.flatMap(({ emailId }) => {
      const number = emailNumberOf(emailId);
      const messageId = number === null ? null : reader.email(number)?.messageId;
      return messageId ? [[emailId, messageId] as const] : [];
    });
    return {
      epoch: index.epoch,
      row: email.row,
      at,
      mailboxes: Object.fromEntries(boxes),
      emails: Object.fromEntries(emails),
    };
  });

/** The mailbox of this path, else the one that is Sent or Drafts as it was. */
const boxOf = (reader: IndexReader, { mailboxes }: Places, id: string): Mailbox | undefined => {
  const place = mailboxes[id];
  if (place === undefined) return undefined;
  const boxes = reader.mailboxes().filter(({ state }) => state !== 'gone');
  const { pathRaw, role } = place;
  const isAlike = role === 'sent' || role === 'drafts';
  return boxes.find((box) => box.pathRaw === pathRaw) ?? boxes.find((box) => isAlike && box.role === role);
};

/** What cannot be told is left out: nothing is better than another mailbox. */
const translated = (patch: EmailPatch | null, idOf: (id: string) => string | null): EmailPatch | null =>
  patch &&
  Object.fromEntries(
    Object.entries(patch).flatMap(([key, value]) => {
      if (key === 'mailboxIds') {
        const ids = mailboxesIn({ [key]: value }).map(idOf);
        return ids.includes(null) ? [] : [[key, Object.fromEntries(ids.map((id) => [id, true]))]];
      }
      if (!key.startsWith('mailboxIds/')) return [[key, value]];
      const id = idOf(key.slice('mailboxIds/'.length));
      return id === null ? [] : [[`mailboxIds/${id}`, value]];
    }),
  );

type Mark = SubmissionRecord['onSuccessMark'][number];

const markedNow = (reader: IndexReader, emails: Places['emails'], { emailId, keyword }: Mark): Mark[] =>
  reader.byMessageId(emails[emailId] ?? '').map((number) => ({ emailId: emailIdOf(number), keyword }));

/** Its Emails may have other numbers since: their conversation was merged, or they came back after they were destroyed. */
const renumbered = (reader: IndexReader, record: SubmissionRecord, { row, emails }: Places): SubmissionRecord => {
  const email = row === undefined ? undefined : reader.byRow(row);
  if (email === undefined || emailIdOf(email.number) === record.emailId) return record;
  const onSuccessMark = record.onSuccessMark.flatMap((mark) => {
    const number = emailNumberOf(mark.emailId);
    if (number !== null && reader.email(number) !== undefined) return [mark];
    return markedNow(reader, emails, mark);
  });
  return { ...record, emailId: emailIdOf(email.number), onSuccessMark };
};

/** The record with the numbers that its Emails have now, if this index gave its ids. */
export const asNumbered = (index: Index, record: SubmissionRecord): SubmissionRecord => {
  const { places } = record;
  return places?.epoch === index.epoch ? index.read((reader) => renumbered(reader, record, places)) : record;
};

/** The record with the ids of this index, as they are now; `emailId` is empty when another index has no such Email. */
export const inThese = (index: Index, record: SubmissionRecord): SubmissionRecord => {
  const { places } = record;
  if (!places || places.epoch === index.epoch) return asNumbered(index, record);
  return index.read((reader) => {
    const idOf = (id: string): string | null => {
      const box = boxOf(reader, places, id);
      return box ? mailboxIdOf(box.id) : null;
    };
    const at = places.at.map((id) => boxOf(reader, places, id)?.id);
    const lies = (number: EmailNumber): boolean =>
      reader.email(number)?.mailboxes.some((box) => at.includes(box)) ?? false;
    const number = reader.byMessageId(record.messageId).find(lies);
    return {
      ...record,
      emailId: number === undefined ? '' : emailIdOf(number),
      onSuccessUpdateEmail: translated(record.onSuccessUpdateEmail, idOf),
      onCancelUpdateEmail: translated(record.onCancelUpdateEmail, idOf),
      onSuccessMark: record.onSuccessMark.flatMap((mark) => markedNow(reader, places.emails, mark)),
    };
  });
};

/** The Email of a record; of one whose ids another index gave, in a mailbox that it names. Undefined when there is none. */
export const emailIn = (index: Index, { places, messageId }: SubmissionRecord): Email | undefined =>
  places &&
  index.read((reader) => {
    if (places.epoch === index.epoch) return places.row === undefined ? undefined : reader.byRow(places.row);
    const boxes = Object.keys(places.mailboxes).map((id) => boxOf(reader, places, id)?.id);
    return reader
      .byMessageId(messageId)
      .map((number) => reader.email(number))
      .find((email) => email?.mailboxes.some((box) => boxes.includes(box)));
  });

/** Whether an Email that this index does not have may still come: the mailbox in which it lay is not read to its end. */
export const mayCome = (index: Index, { places }: SubmissionRecord): boolean =>
  places?.epoch !== undefined &&
  places.epoch !== index.epoch &&
  index.read((reader) => {
    const boxes = places.at.flatMap((id) => boxOf(reader, places, id) ?? []);
    return reader.mailboxes().length === 0 || boxes.some(({ state }) => state !== 'live');
  });
