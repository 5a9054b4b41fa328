import { signal } from '@preact/signals';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mail } from '#model/mail.ts';

/** A folder to be changed, or to be made in another (`parentId` null: at the top). */
export type FolderForm =
  | { at: 'make'; mail: Mail; parentId: MailboxId | null }
  | { at: 'change'; mail: Mail; id: MailboxId };

/** The form that is open. */
export const folderForm = signal<FolderForm | null>(null);
