import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import type { Mail } from '#model/mail.ts';
import type { MenuItem } from '#parts/menu.tsx';
import type { Box } from '#parts/place.ts';
import { withIcons } from '../later.tsx';
import type { App } from '../model.ts';
import type * as Menu from './menu.ts';

const load = async (app: App): Promise<typeof Menu | null> => {
  try {
    return await withIcons(() => import('./menu.ts'));
  } catch {
    app.model.toasts.show('What can be done with a folder could not be loaded. Check the connection of this device.', {
      tone: 'failed',
    });
    return null;
  }
};

/** Opens the menu of a folder, or with `id` null of an account. */
export const openFolderMenu = async (app: App, mail: Mail, id: MailboxId | null, at: Box): Promise<void> =>
  (await load(app))?.openMenu(app, mail, id, at);

/** What can be done with a folder, or with null an account; nothing while the code for it cannot be had. */
export const folderItemsOf = async (app: App, mail: Mail, folder: Mailbox | null): Promise<MenuItem[]> =>
  (await load(app))?.itemsOf(app, mail, folder) ?? [];
