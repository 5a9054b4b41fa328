import { useState } from 'preact/hooks';
import type { MailboxId } from '#jmap/ids.ts';
import { takeAhead } from '#model/ahead.ts';
import { type MailboxNode } from '#model/mailboxes.ts';
import { openFolders } from '#model/folders/folders.ts';
import { accountName, boxName } from '#model/place.ts';
import type { Target } from '#model/targets.ts';
import { Chooser, type Choice } from '#parts/chooser.tsx';
import { Dialog } from '#parts/dialog.tsx';
import { Icon } from '#parts/icon.tsx';
import { boxIcon } from './boxes.ts';
import { useApp } from './model.ts';

const flat = (nodes: readonly MailboxNode[]): MailboxNode[] => nodes.flatMap((node) => [node, ...flat(node.children)]);

/** The choice that makes a folder of what is typed. */
const fresh = ' new';

/** v: to which folder. With nothing to move (g l) it goes there instead. */
export const MoveDialog = ({ onClose }: { onClose(): void }) => {
  const { model, commands } = useApp();
  const [typed] = useState(takeAhead);
  const target = commands.target();
  const part = target?.parts[0];
  const mail = part?.mail ?? model.mail.value;
  if (!mail) return null;
  const source = part?.query.mailboxId ?? null;
  const choices: Choice[] = flat(mail.mailboxes.tree.value)
    .filter(({ mailbox }) => !target || (mailbox.myRights.mayAddItems && mailbox.id !== source))
    .map(({ mailbox }) => ({
      key: mailbox.id,
      label: mail.mailboxes.pathOf(mailbox.id),
      children: (
        <>
          <Icon name={boxIcon(mailbox.role)} />
          <span class="grow cut">{mail.mailboxes.pathOf(mailbox.id)}</span>
        </>
      ),
    }));
  const move = (given: Target, to: MailboxId): void => commands.leaving((rows) => model.actions.move(rows, to), given);
  const offer = (typed: string): Choice | null =>
    target && !choices.some(({ label }) => label.toLocaleLowerCase() === typed.toLocaleLowerCase())
      ? {
          key: fresh,
          label: typed,
          children: (
            <>
              <Icon name="plus" />
              <span class="grow cut">Make the folder “{typed}” and move there</span>
            </>
          ),
        }
      : null;
  const choose = (key: string, typed: string): void => {
    onClose();
    if (key === fresh && target) {
      void openFolders(model, mail)
        .make({ name: typed, parentId: null })
        .then((made) =>
          made.at === 'done' ? move(target, made.id) : model.toasts.show(made.words, { tone: 'failed' }),
        );
      return;
    }
    const mailbox = mail.mailboxes.get(key as MailboxId);
    if (!mailbox) return;
    if (target) move(target, mailbox.id);
    else
      model.router.go({
        at: 'mailbox',
        account: accountName(mail),
        box: boxName(mailbox),
        show: 'everything',
        thread: null,
      });
  };
  const title = target ? 'Move to' : 'Go to folder';
  return (
    <Dialog title={title} focus="input" onClose={onClose}>
      <Chooser
        label="Folder"
        typed={typed}
        choices={choices}
        none="No folder has that name."
        offer={offer}
        onChoose={choose}
      />
    </Dialog>
  );
};
