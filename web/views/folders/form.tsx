import { useId, useState } from 'preact/hooks';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { openFolders } from '#model/folders/folders.ts';
import type { Mail } from '#model/mail.ts';
import { Dialog } from '#parts/dialog.tsx';
import { useModel } from '../model.ts';
import type { FolderForm } from './asked.ts';
import './folders.css';

/** Folders that may hold another: not itself, nor what lies in it. What lies in the inbox is shown at the top. */
const homes = (mail: Mail, without: readonly Mailbox[]): { id: MailboxId; path: string }[] =>
  [...(mail.mailboxes.all.value?.values() ?? [])]
    .filter((each) => each.myRights.mayCreateChild && each.role !== 'inbox' && !without.includes(each))
    .map(({ id }) => ({ id, path: mail.mailboxes.pathOf(id) }))
    .toSorted((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));

/** Name and place of a folder that is made or changed. */
export const FolderDialog = ({ form, onClose }: { form: FolderForm; onClose(): void }) => {
  const model = useModel();
  const { mail } = form;
  const folders = openFolders(model, mail);
  const folder = form.at === 'change' ? mail.mailboxes.get(form.id) : undefined;
  const [name, setName] = useState(folder?.name ?? '');
  const inbox = mail.mailboxes.byRole('inbox')?.id;
  const before = form.at === 'make' ? form.parentId : (folder?.parentId ?? null);
  const [place, setPlace] = useState(before === inbox ? null : before);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const id = useId();
  if (form.at === 'change' && !folder) return null;

  const save = async (): Promise<void> => {
    const wish = { name: name.trim(), parentId: place === null && before === inbox ? before : place };
    if (wish.name === '') return setTrouble('A folder needs a name.');
    if (folder && wish.name === folder.name && wish.parentId === before) return onClose();
    setBusy(true);
    setTrouble(null);
    const answer = await (folder ? folders.change(folder, wish) : folders.make(wish));
    setBusy(false);
    if (answer.at === 'done') onClose();
    else setTrouble(answer.words || null);
    return undefined;
  };

  return (
    <Dialog
      title={folder ? `Rename or move “${folder.name}”` : 'New folder'}
      focus="input"
      onClose={onClose}
      returnTo={() => document.querySelector<HTMLElement>('#list [tabindex="0"]')}
      footer={
        <>
          <button type="button" class="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="btn primary" form={`${id}-form`} aria-disabled={busy}>
            {folder ? 'Save' : 'Make folder'}
          </button>
        </>
      }
    >
      <form
        id={`${id}-form`}
        class="folder-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void save();
        }}
      >
        <label for={`${id}-name`}>Name</label>
        <input
          id={`${id}-name`}
          class="field"
          type="text"
          autocomplete="off"
          value={name}
          onFocus={(event) => event.currentTarget.select()}
          aria-invalid={trouble !== null}
          aria-describedby={trouble === null ? undefined : `${id}-why`}
          onInput={(event) => {
            setName(event.currentTarget.value);
            setTrouble(null);
          }}
        />
        {trouble === null ? null : (
          <p id={`${id}-why`} class="wrong" role="alert">
            {trouble}
          </p>
        )}
        <label for={`${id}-in`}>Inside</label>
        <select
          id={`${id}-in`}
          class="field"
          value={place ?? ''}
          onChange={(event) => setPlace((event.currentTarget.value || null) as MailboxId | null)}
        >
          <option value="">At the top</option>
          {homes(mail, folder ? folders.subtree(folder) : []).map((each) => (
            <option key={each.id} value={each.id}>
              {each.path}
            </option>
          ))}
        </select>
      </form>
    </Dialog>
  );
};
