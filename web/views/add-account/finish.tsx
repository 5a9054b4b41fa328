import { useState } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { Accounts } from '#model/accounts/accounts.ts';
import { accountName } from '#model/place.ts';
import { Dialog } from '#parts/dialog.tsx';
import { Arch } from '#parts/people.tsx';
import { useModel } from '../model.ts';
import { Folders } from '../servers/folders.tsx';
import { initialOf } from '../gate.tsx';
import { Colours } from './colours.tsx';

/** The account stands; what it is called here, its colour, whether All inboxes gathers it, and what was found of its folders. */
export const Finish = ({
  account,
  accounts,
  onClose,
}: {
  account: AccountFacts;
  accounts: Accounts;
  onClose(): void;
}) => {
  const model = useModel();
  const [name, setName] = useState(account.name);
  const [colour, setColour] = useState(account.colour);
  const [inAllInboxes, setInAllInboxes] = useState(account.inAllInboxes);
  const mail = model.mails.value.find((each) => each.id === account.id);
  const save = async (): Promise<void> => {
    const called = name.trim();
    const patch = {
      ...(called === '' || called === account.name ? {} : { name: called }),
      ...(colour === account.colour ? {} : { colour }),
      ...(inAllInboxes === account.inAllInboxes ? {} : { inAllInboxes }),
    };
    if (Object.keys(patch).length > 0) await accounts.name(account, patch);
  };
  const done = async (open: boolean): Promise<void> => {
    await save();
    onClose();
    if (!open || !mail) return;
    model.router.go({ at: 'mailbox', account: accountName(mail), box: 'inbox', show: 'everything', thread: null });
  };
  return (
    <Dialog
      title="The account is here"
      class="add"
      mark={<Arch initial={initialOf(name || account.name)} colour={colour} size="lg" />}
      focus="input"
      onClose={() => void done(false)}
      footer={
        <>
          <button type="button" class="btn quiet" onClick={() => void done(false)}>
            Done
          </button>
          <button type="submit" form="finish-account" class="btn primary">
            Open its inbox
          </button>
        </>
      }
    >
      <form
        id="finish-account"
        onSubmit={(event) => {
          event.preventDefault();
          void done(true);
        }}
      >
        <p class="lead">
          Both servers took the password of {account.address}. Its newest mail comes first; the rest is fetched while
          you read.
        </p>
        <label class="sign-field">
          <span>Name</span>
          <span class="inp">
            <input
              type="text"
              maxLength={100}
              autocomplete="off"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </span>
        </label>
        <Colours label="Colour" initial={name || account.name} value={colour} change={setColour} />
        <label class="set-check gather">
          <input
            type="checkbox"
            checked={inAllInboxes}
            onChange={(event) => setInAllInboxes(event.currentTarget.checked)}
          />
          <span>Show in All inboxes</span>
        </label>
        <section class="mapped-part" aria-labelledby="finish-folders">
          <b id="finish-folders">Folders</b>
          <Folders mail={mail} />
        </section>
      </form>
    </Dialog>
  );
};
