import { useEffect, useRef, useState } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { AccountId } from '#jmap/ids.ts';
import { type Accounts as AccountsModel, openAccounts } from '#model/accounts/accounts.ts';
import { standingWords, withRoom } from '#model/accounts/words.ts';
import { Icon } from '#parts/icon.tsx';
import { Arch } from '#parts/people.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { later } from '../later.tsx';
import { useModel } from '../model.ts';
import { initialOf } from '../gate.tsx';
import { useQuotas } from './use-quotas.ts';
import { AccountEdit } from './account-edit.tsx';
import { PageHead } from './page-head.tsx';
import { Bones } from './row.tsx';
import './accounts.css';

const addAccount = later(async () => (await import('../add-account/add-account.tsx')).AddAccount);

/** What the row's buttons and Alt with arrows do to its place. */
const Order = ({ account, accounts, count }: { account: AccountFacts; accounts: AccountsModel; count: number }) =>
  count < 2 ? null : (
    <span class="acc-order">
      <IconButton
        icon="chevron-down"
        class="flip"
        label={`Move ${account.name} up`}
        size="sm"
        disabled={account.position === 0}
        onClick={() => void accounts.move(account, -1)}
      />
      <IconButton
        icon="chevron-down"
        label={`Move ${account.name} down`}
        size="sm"
        disabled={account.position === count - 1}
        onClick={() => void accounts.move(account, 1)}
      />
    </span>
  );

const Row = (props: {
  account: AccountFacts;
  accounts: AccountsModel;
  count: number;
  open: boolean;
  onOpen(open: boolean): void;
}) => {
  const { account, accounts, open, onOpen } = props;
  const model = useModel();
  const mail = model.mails.value.find((each) => each.id === account.id);
  const quotas = useQuotas(model, account.id as AccountId, mail);
  const standing = standingWords(account, mail?.status.value ?? null, new Date(model.clock.now()));
  const words = withRoom(standing, quotas);
  const opener = useRef<HTMLButtonElement>(null);
  return (
    <li
      class={`acc ${open ? 'open' : ''}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented || !open) return;
        if (event.target instanceof Element && event.target.closest('dialog')) return;
        event.preventDefault();
        onOpen(false);
        opener.current?.focus();
      }}
    >
      <div
        class="acc-row"
        onKeyDown={(event) => {
          const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
          if (!event.altKey || (by !== 1 && by !== -1)) return;
          event.preventDefault();
          void accounts.move(account, by);
        }}
      >
        <Arch initial={initialOf(account.name)} colour={account.colour} size="lg" />
        <div class="grow">
          <b>{account.name}</b>
          <small>{account.address}</small>
        </div>
        <span class={`acc-state ${words.tone}`}>{words.title}</span>
        <Order account={account} accounts={accounts} count={props.count} />
        <button
          ref={opener}
          type="button"
          class="btn"
          aria-expanded={open}
          aria-label={open ? `Close ${account.name}` : `Edit ${account.name}`}
          onClick={() => onOpen(!open)}
        >
          {open ? 'Close' : 'Edit'}
        </button>
      </div>
      {open ? (
        <AccountEdit account={account} accounts={accounts} words={words} quotas={quotas} only={props.count === 1} />
      ) : null}
    </li>
  );
};

/** All accounts, in their order; one at a time is open to be edited. */
export const Accounts = () => {
  const model = useModel();
  const [accounts] = useState(() => openAccounts(model));
  const [open, setOpen] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const mails = model.mails.value;
  useEffect(() => void accounts.load(), [mails]);
  useEffect(addAccount.fetch, []);
  const state = accounts.state.value;
  return (
    <>
      <PageHead
        title="Accounts"
        action={
          <button ref={opener} type="button" class="btn primary" onClick={() => setAdding(true)}>
            <Icon name="plus" size="s" />
            Add account
          </button>
        }
      >
        Each account is a gate of its own. Mail never crosses from one to another unless you move it.
      </PageHead>
      {state.at === 'loading' ? (
        <Bones />
      ) : state.at === 'failed' ? (
        <p class="set-fail" role="alert">
          The accounts could not be fetched.
          <button type="button" class="btn" onClick={() => void accounts.load()}>
            Try again
          </button>
        </p>
      ) : (
        <ul class="accs" aria-label="Accounts">
          {state.list.map((account) => (
            <Row
              key={account.id}
              account={account}
              accounts={accounts}
              count={state.list.length}
              open={open === account.id}
              onOpen={(yes) => setOpen(yes ? account.id : null)}
            />
          ))}
        </ul>
      )}
      {adding ? (
        <addAccount.View
          accounts={accounts}
          onClose={() => {
            setAdding(false);
            opener.current?.focus();
          }}
        />
      ) : null}
    </>
  );
};
