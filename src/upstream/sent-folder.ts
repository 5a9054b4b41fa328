import type { MailAccount } from '#store/types.ts';
import type { EmailNumber, MailboxId } from '#index/types.ts';
import { urgency } from './line.ts';
import type { Lines } from './lines.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Mirror } from './mirror.ts';
import { providerFilesSent } from './outbox-step.ts';

/** Where copies of sent messages go. */
export interface SentFolder {
  /** The provider files them by itself. */
  readonly filesItself: boolean;
  /**
   * Whether a message of this Message-ID is in Sent, by the index or by the server. `draft`: the Email that was sent,
   * which the model shows in Sent before the server has it there; it proves nothing.
   */
  has(messageId: string, draft: EmailNumber | null): Promise<boolean>;
  /** Files a copy, read. @throws ImapError `imap/refused` */
  append(message: Buffer, date: number): Promise<void>;
}

export const openSentFolder = (parts: {
  mirror: Mirror;
  lines: Lines;
  mailboxes: Mailboxes;
  account: MailAccount;
  visit: (mailbox: MailboxId) => void;
}): SentFolder => {
  const { mirror, lines, mailboxes, account, visit } = parts;
  const inIndex = (messageId: string, draft: EmailNumber | null): boolean =>
    mirror.index.read((reader) => {
      const sent = reader.mailboxes().find((box) => box.role === 'sent');
      return (
        sent !== undefined &&
        reader
          .byMessageId(messageId)
          .some((number) => number !== draft && reader.email(number)?.mailboxes.includes(sent.id))
      );
    });
  return {
    get filesItself() {
      return providerFilesSent(account.smtp.host) || lines.watch.session?.quirks.filesSent === true;
    },
    async has(messageId, draft) {
      if (inIndex(messageId, draft)) return true;
      const sent = mailboxes.byRole('sent');
      if (sent === null) return false;
      return lines.watch.run(
        async (session) => {
          await session.select(sent.pathRaw, { readOnly: true });
          return (await session.search({ header: ['Message-ID', `<${messageId}>`] })).length > 0;
        },
        { urgency: urgency.intent },
      );
    },
    async append(message, date) {
      const id = await mailboxes.forRole('sent');
      const { pathRaw } = mirror.mailbox(id);
      await lines.watch.run((session) => session.append(pathRaw, message, ['\\Seen'], Math.floor(date / 1_000)), {
        urgency: urgency.intent,
        again: false,
      });
      visit(id);
    },
  };
};
