import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { openFolders } from '#model/folders/folders.ts';
import { openLetters } from '#model/folders/letters.ts';
import type { Mail } from '#model/mail.ts';
import { mailboxName } from '#model/mailboxes.ts';
import { accountName } from '#model/place.ts';
import { openContextMenu, type MenuItem } from '#parts/menu.tsx';
import type { Box } from '#parts/place.ts';
import { nameOfAccount } from '../gate.tsx';
import type { App } from '../model.ts';
import { folderForm } from './asked.ts';

const toInbox = ({ model }: App, mail: Mail): void =>
  model.router.go({ at: 'mailbox', account: accountName(mail), box: 'inbox', show: 'everything', thread: null });

const remove = async (app: App, mail: Mail, folder: Mailbox): Promise<void> => {
  const { model } = app;
  const state = model.places.peek();
  const own = state.at === 'open' ? state.place.mailboxes.filter((each) => each.mail === mail) : [];
  const folders = openFolders(model, mail);
  const looking = folders.subtree(folder).some(({ id }) => own.some((each) => each.id === id));
  if ((await folders.remove(folder)) && looking) toInbox(app, mail);
};

const newFolder = (mail: Mail): MenuItem => ({
  label: 'New folder …',
  icon: 'folder',
  run: () => {
    folderForm.value = { at: 'make', mail, parentId: null };
  },
});

/** What can be done with a folder; what its server or its use does not allow is left out. */
const folderItems = (app: App, mail: Mail, folder: Mailbox): MenuItem[] => {
  const { model } = app;
  const { myRights, role } = folder;
  const letters = openLetters(model, mail);
  const folders = openFolders(model, mail);
  const items: MenuItem[] = [];
  if (folder.unreadEmails > 0 && myRights.maySetSeen)
    items.push({ label: 'Mark all read', icon: 'mail-open', run: () => void letters.readAll(folder) });
  if (myRights.mayCreateChild && role !== 'inbox')
    items.push({
      label: `New folder in ${mailboxName(folder)} …`,
      icon: 'folder',
      run: () => {
        folderForm.value = { at: 'make', mail, parentId: folder.id };
      },
    });
  else items.push(newFolder(mail));
  if (myRights.mayRename)
    items.push({
      label: 'Rename or move …',
      icon: 'pen-line',
      run: () => {
        folderForm.value = { at: 'change', mail, id: folder.id };
      },
    });
  const inside = folders.subtree(folder).slice(1);
  const holds = folder.totalEmails + inside.length > 0;
  if ((role === 'trash' || role === 'junk') && holds && myRights.mayRemoveItems)
    items.push({
      label: `Empty ${mailboxName(folder)} …`,
      icon: 'trash',
      run: () => void letters.empty(folder),
    });
  if (folders.mayRemove(folder))
    items.push({
      label: mail.mailboxes.within(folder.id, 'trash') ? 'Delete for ever …' : 'Delete folder',
      icon: 'trash',
      run: () => void remove(app, mail, folder),
    });
  return items;
};

const accountItems = ({ model }: App, mail: Mail): MenuItem[] => [
  newFolder(mail),
  { label: 'Account settings', icon: 'settings', run: () => model.router.go({ at: 'settings', page: 'accounts' }) },
];

export const itemsOf = (app: App, mail: Mail, folder: Mailbox | null): MenuItem[] =>
  folder ? folderItems(app, mail, folder) : accountItems(app, mail);

export const openMenu = (app: App, mail: Mail, id: MailboxId | null, at: Box): void => {
  const folder = id === null ? null : mail.mailboxes.get(id);
  if (folder === undefined) return;
  const items = itemsOf(app, mail, folder);
  if (items.length > 0) openContextMenu(folder ? mailboxName(folder) : nameOfAccount(mail), items, at);
};
