import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { unproven } from '#model/accounts/unproven.ts';
import { draftsOf, gathered, unreadInboxes } from '#model/all-inboxes.ts';
import { canCompose } from '#model/compose-port.ts';
import { count } from '#model/format.ts';
import type { Mail } from '#model/mail.ts';
import { mailboxName, type MailboxNode } from '#model/mailboxes.ts';
import { accountName, boxName, onlyFolder } from '#model/place.ts';
import { printRoute, type AllBox, type Route } from '#model/route.ts';
import { otherTheme } from '#model/theme.ts';
import { Icon, Mark, type IconName } from '#parts/icon.tsx';
import { MenuButton } from '#parts/menu.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { Tree, type Branch } from '#parts/tree.tsx';
import { boxIcon } from './boxes.ts';
import { folderItemsOf, openFolderMenu } from './folders/open.ts';
import { dropOn, takesDragged } from './mailbox/drag.ts';
import { Gate, nameOfAccount } from './gate.tsx';
import { useApp, useModel, type App } from './model.ts';

const flat = (nodes: readonly MailboxNode[]): MailboxNode[] => nodes.flatMap((node) => [node, ...flat(node.children)]);

const routeTo = (mail: Mail, box: string): Route => ({
  at: 'mailbox',
  account: accountName(mail),
  box,
  show: 'everything',
  thread: null,
});

/** Drafts count what is there, other folders what is unread. */
const countOf = (node: MailboxNode): number =>
  node.mailbox.role === 'drafts'
    ? node.mailbox.totalEmails
    : node.mailbox.role === 'trash' || node.mailbox.role === 'sent'
      ? 0
      : node.mailbox.unreadThreads;

/** The key of the branch that is no folder. */
const outbox = 'outbox';

interface Leaf {
  branch: Branch;
  route: Route | null;
  account: string | null;
  /** What its menu is about: a folder, or with `id` null the account. */
  menu: { mail: Mail; id: MailboxId | null } | null;
}

const BoxLabel = ({ icon, name, n, unread }: { icon: IconName; name: string; n: number; unread: boolean }) => (
  <>
    <Icon name={icon} />
    <span class="cut">{name}</span>{' '}
    {n > 0 ? (
      <span class="n">
        {count(n)}
        {unread ? <span class="vh"> unread</span> : null}
      </span>
    ) : null}
  </>
);

/** Below an account's name: what is the matter with it, how far its mail is here, else its address. */
const Standing = ({ mail }: { mail: Mail }) => {
  const { value: now } = mail.status;
  if (mail.trouble.value) return <small class="cut bad">could not be opened</small>;
  if (now?.status.at === 'refused') return <small class="cut bad">needs its password</small>;
  if (unproven(now) !== null) return <small class="cut bad">not sure of its server</small>;
  if (now?.status.at === 'away') return <small class="cut wait">does not answer</small>;
  if (now && !now.progress.done && now.progress.total > 0)
    return <small class="cut">Fetching {now.progress.reachesTo?.slice(0, 4)}</small>;
  return nameOfAccount(mail) === mail.account.name ? null : <small class="cut">{mail.account.name}</small>;
};

const useLeaves = (): Leaf[] => {
  const model = useModel();
  const { prefs } = model;
  const mails = model.mails.value;
  const here = model.mail.value;
  const state = model.places.value;
  const gathering = state.at === 'open' ? state.place.all : null;
  const openBox = state.at === 'open' && gathering === null ? state.place.box : null;
  const folded = prefs.folded.value;
  const leaves: Leaf[] = [];
  const box = (
    mail: Mail,
    key: string,
    icon: IconName,
    name: string,
    n: number,
    level: number,
    id: MailboxId | null = null,
  ): void => {
    const route = routeTo(mail, key);
    leaves.push({
      route,
      account: null,
      menu: id === null ? null : { mail, id },
      branch: {
        menu: id !== null,
        key: `${mail.id} ${key}`,
        level,
        current: mail === here && openBox === key,
        label: name,
        href: printRoute(route),
        class: `box ${level > 2 ? `d${Math.min(level - 1, 4)}` : ''}`,
        children: <BoxLabel icon={icon} name={name} n={n} unread={key !== 'drafts'} />,
      },
    });
  };
  const all = gathered(mails);
  const gather = (to: AllBox, icon: IconName, name: string, n: number): void => {
    const route: Route = { at: 'all', box: to, show: 'everything', open: null };
    leaves.push({
      route,
      account: null,
      menu: null,
      branch: {
        menu: false,
        key: `all ${to}`,
        level: 1,
        current: gathering === to,
        label: name,
        href: printRoute(route),
        class: 'box',
        children: <BoxLabel icon={icon} name={name} n={n} unread={to !== 'drafts'} />,
      },
    });
  };
  if (all.length > 0) {
    gather('inbox', 'inbox', 'All inboxes', unreadInboxes(all));
    gather('starred', 'star', 'Starred', 0);
    gather('drafts', 'file-text', 'Drafts', draftsOf(all));
  } else if (here) {
    const drafts = here.mailboxes.byRole('drafts');
    box(here, 'starred', 'star', 'Starred', 0, 1);
    if (drafts) box(here, 'drafts', 'file-text', 'Drafts', drafts.totalEmails, 1, drafts.id);
  }
  const waiting = model.outbox.waiting.value.length;
  if (waiting > 0)
    leaves.push({
      route: null,
      account: null,
      menu: null,
      branch: {
        menu: false,
        key: outbox,
        level: 1,
        current: false,
        label: 'Outbox',
        href: null,
        class: 'box',
        children: (
          <>
            <Icon name="send" />
            <span class="cut">Outbox</span> <span class="n wait">{count(waiting)} waiting</span>
          </>
        ),
      },
    });
  for (const [index, mail] of mails.entries()) {
    const expanded = !folded.includes(mail.id);
    const name = nameOfAccount(mail);
    const unread = mail.mailboxes.byRole('inbox')?.unreadThreads ?? 0;
    leaves.push({
      route: null,
      account: mail.id,
      menu: { mail, id: null },
      branch: {
        menu: true,
        key: mail.id,
        level: 1,
        expanded,
        current: false,
        label: name,
        href: null,
        class: `acct ${index === 0 ? 'first' : ''}`,
        children: (
          <>
            <Gate mail={mail} />
            <span class="grow t cut">
              {name} <Standing mail={mail} />
            </span>
            {!expanded && unread > 0 ? (
              <span class="n flush">
                {count(unread)}
                <span class="vh"> unread</span>
              </span>
            ) : null}
            <Icon name={expanded ? 'chevron-down' : 'chevron-right'} size="xs" />
          </>
        ),
      },
    });
    if (!expanded) continue;
    for (const node of flat(mail.mailboxes.tree.value)) {
      if (node.mailbox.role === 'drafts' && (all.length > 0 ? all.includes(mail) : mail === here)) continue;
      box(
        mail,
        boxName(node.mailbox),
        boxIcon(node.mailbox.role),
        mailboxName(node.mailbox),
        countOf(node),
        node.depth + 1,
        node.mailbox.id,
      );
    }
  }
  return leaves;
};

export const Side = ({ open, onClose, onHelp }: { open: boolean; onClose(): void; onHelp(): void }) => {
  const app = useApp();
  const { model, commands } = app;
  const own = useRef<HTMLElement>(null);
  /** As a drawer it takes the focus, and gives it back. */
  useLayoutEffect(() => {
    const side = own.current;
    const before = document.activeElement;
    if (!open || !side) return undefined;
    side.querySelector<HTMLElement>('[role="tree"] [tabindex="0"]')?.focus();
    return () => {
      const isHere = side.contains(document.activeElement) || document.activeElement === document.body;
      if (isHere && before instanceof HTMLElement) before.focus();
    };
  }, [open]);
  const leaves = useLeaves();
  const leafOf = (branch: Branch): Leaf | undefined => leaves.find((leaf) => leaf.branch.key === branch.key);
  const folderOf = (branch: Branch): { mail: Mail; mailbox: Mailbox } | undefined => {
    const menu = leafOf(branch)?.menu;
    const mailbox = menu?.id ? menu.mail.mailboxes.get(menu.id) : undefined;
    return menu && mailbox ? { mail: menu.mail, mailbox } : undefined;
  };
  const fold = (id: string, expanded: boolean): void => {
    const { folded } = model.prefs;
    folded.value = expanded ? folded.peek().filter((each) => each !== id) : [...folded.peek(), id];
  };
  return (
    <>
      <div class={`drawer-scrim ${open ? 'open' : ''}`} onClick={onClose} />
      <nav
        ref={own}
        class={`side ${open ? 'open' : ''}`}
        aria-label="Mailboxes"
        data-region
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || !open) return;
          event.preventDefault();
          onClose();
        }}
      >
        <div class="brand">
          <Mark />
          <span>Postern</span>
        </div>
        {canCompose() ? (
          <button
            type="button"
            class="btn primary compose"
            onClick={() => {
              onClose();
              commands.run('compose');
            }}
          >
            <Icon name="pen-line" />
            Compose<kbd>C</kbd>
          </button>
        ) : null}
        <Tree
          label="Folders"
          branches={leaves.map((leaf) => leaf.branch)}
          onOpen={(branch) => {
            const leaf = leafOf(branch);
            if (branch.key === outbox) commands.run('goOutbox');
            if (leaf?.route) model.router.go(leaf.route);
            else if (leaf?.account) fold(leaf.account, branch.expanded === false);
            if (leaf?.route) onClose();
          }}
          onFold={(branch, expanded) => {
            const leaf = leafOf(branch);
            if (leaf?.account) fold(leaf.account, expanded);
          }}
          takes={(branch, types) => {
            const folder = folderOf(branch);
            return folder !== undefined && takesDragged(app, types, folder);
          }}
          onDrop={(branch) => {
            const folder = folderOf(branch);
            if (folder) dropOn(app, folder.mailbox);
          }}
          onMenu={(branch, at) => {
            const menu = leafOf(branch)?.menu;
            if (menu) void openFolderMenu(app, menu.mail, menu.id, at);
          }}
        />
        <div class="foot">
          <IconButton
            icon="settings"
            label="Settings"
            class="to-settings"
            onClick={() => model.router.go({ at: 'settings', page: 'accounts' })}
          />
          <IconButton icon="circle-question-mark" label="Keyboard shortcuts" cap="?" onClick={onHelp} />
          <ThemeButton />
          {model.onePane.value ? <FolderButton app={app} /> : null}
          <IconButton icon="lock" label="Lock Postern" cap="G K" onClick={() => commands.run('lock')} />
          <IconButton icon="log-out" label="Sign out" class="last" onClick={() => void model.signOut()} />
        </div>
      </nav>
    </>
  );
};

/** On a phone: what can be done with the folder that is open, or with the account. */
const FolderButton = ({ app }: { app: App }) => (
  <MenuButton
    icon="folder"
    label="This folder"
    items={() => {
      const state = app.model.places.peek();
      const open = state.at === 'open' ? onlyFolder(state.place) : null;
      const mail = open?.mail ?? app.model.mail.peek();
      return mail ? folderItemsOf(app, mail, open?.mailbox ?? null) : [];
    }}
  />
);

const ThemeButton = () => {
  const { theme, prefs } = useModel();
  const shown = theme.value;
  return (
    <IconButton
      icon="contrast"
      label={shown === 'dark' ? 'Day theme' : 'Night theme'}
      onClick={() => {
        prefs.theme.value = otherTheme(shown, matchMedia('(prefers-color-scheme: dark)').matches);
      }}
    />
  );
};
