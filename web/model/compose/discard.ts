import type { Clock } from '#base/clock.ts';
import type { PatchObject } from '#jmap/core.ts';
import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { Email } from '#jmap/mail.ts';
import { modelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import { inverse } from '../records.ts';
import { isDraft, type Draft } from './draft.ts';

/** How long a draft can be brought back where there is no Trash – UX: as long as the toast. */
const patience = 10_000;

export interface Discarded {
  /** Brings back what was kept; resolves with its id, null when nothing was. Never rejects. */
  undo(): Promise<EmailId | null>;
}

export interface DiscardParts {
  mail: Mail;
  draft: Draft;
  clock: Clock;
  /** It is still in Drafts. */
  failed(): void;
  /** The server has thrown away all of it. */
  done(): void;
  /** It cannot be brought back any more. */
  final(): void;
}

/** Out of whatever else it lies in. */
export const intoTrash = ({ mailboxIds }: Pick<Email, 'mailboxIds'>, trash: MailboxId): PatchObject => {
  const out = Object.keys(mailboxIds).filter((each) => each !== trash);
  return { ...Object.fromEntries(out.map((each) => [`mailboxIds/${each}`, null])), [`mailboxIds/${trash}`]: true };
};

/**
 * Throws away what the server keeps of a letter whose window is closed: into Trash at once. Where there is no Trash it is
 * out of sight at once, and destroyed when it cannot be brought back any more.
 */
export const discard = ({ mail, draft, clock, failed, done, final }: DiscardParts): Discarded => {
  let back: (id: EmailId) => Promise<unknown> = () => Promise.resolve();

  const hide = (id: EmailId): void => {
    mail.emails.gone([id]);
    const cancel = clock.after(patience, () => {
      final();
      draft.discard().then(done, failed);
    });
    back = () => {
      cancel();
      mail.emails.forget([id]);
      return mail.needHeads([id]);
    };
  };

  const throwAway = async (): Promise<EmailId | null> => {
    const id = await draft.finish();
    if (id === null) {
      // What was not heard is looked for as long as the page is there, and by the next.
      if (draft.letter.peek().unheard.length === 0) done();
      return null;
    }
    const trash = await mail.mailboxes.need('trash');
    if (!trash) {
      hide(id);
      return id;
    }
    await mail.needHeads([id]);
    const head = mail.emails.peek(id);
    if (!head || !isDraft(mail, head)) {
      done();
      return null;
    }
    const patch = intoTrash(head, trash.id);
    const moved = mail.emails.change({ [id]: patch });
    back = () => mail.emails.change({ [id]: inverse(head, patch) });
    void moved.then(({ refused, error }) => (refused.length > 0 || error ? failed() : done()));
    return id;
  };

  const thrown = throwAway().catch((error: unknown): EmailId | null => {
    if (modelError(error).code !== 'auth/signed-out') failed();
    return draft.emailId.peek();
  });

  return {
    undo: async () => {
      const id = await thrown;
      if (id !== null) void back(id).catch(() => undefined);
      return id;
    },
  };
};
