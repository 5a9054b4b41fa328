import { useId, useMemo } from 'preact/hooks';
import type { MailboxId } from '#jmap/ids.ts';
import type { GivenRole } from '#jmap/keep.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { folderChoices, folderRoles, foundWords, openFolders } from '#model/accounts/folders.ts';
import type { Mail } from '#model/mail.ts';
import { Icon } from '#parts/icon.tsx';
import { boxIcon } from '../boxes.ts';
import { useModel } from '../model.ts';
import './folders.css';

const Choice = (props: {
  role: GivenRole;
  name: string;
  all: ReadonlyMap<MailboxId, Mailbox>;
  chosen: MailboxId | null;
  choose(id: MailboxId | null): void;
}) => {
  const { role, name, all, chosen } = props;
  const id = useId();
  return (
    <div class="mapped-role">
      <label for={id}>
        <Icon name={boxIcon(role)} size="s" />
        {name}
      </label>
      <select
        id={id}
        class="field"
        value={chosen ?? ''}
        onChange={(event) => {
          const { value } = event.currentTarget;
          props.choose(value === '' ? null : (value as MailboxId));
        }}
      >
        <option value="">{foundWords(all, role, chosen)}</option>
        {folderChoices(all, role, chosen).map((each) => (
          <option key={each.id} value={each.id}>
            {each.name}
          </option>
        ))}
      </select>
    </div>
  );
};

/** Which folder of the server is used for what; what is chosen is saved at once. */
export const Folders = ({ mail }: { mail: Mail | undefined }) => {
  const model = useModel();
  const folders = useMemo(() => mail && openFolders(model, mail), [mail]);
  const all = mail?.mailboxes.all.value;
  return (
    <div class="mapped">
      {folders && all && mail.status.value ? (
        [...folderRoles].map(([role, name]) => (
          <Choice
            key={role}
            role={role}
            name={name}
            all={all}
            chosen={folders.chosen(role)}
            choose={(id) => void folders.choose(role, id)}
          />
        ))
      ) : (
        <p class="muted" role="status">
          Looking at its folders.
        </p>
      )}
    </div>
  );
};
