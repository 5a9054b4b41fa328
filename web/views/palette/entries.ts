import { gathered } from '#model/all-inboxes.ts';
import { boxName, accountName, onlyFolder } from '#model/place.ts';
import { capsOf, commands as known, type Command } from '#model/keys.ts';
import { nameOf } from '#model/people.ts';
import type { Entry, Section } from '#model/palette.ts';
import { rowCount } from '#model/targets.ts';
import { counted } from '#model/format.ts';
import { otherTheme } from '#model/theme.ts';
import type { Mail } from '#model/mail.ts';
import type { IconName } from '#parts/icon.tsx';
import { boxIcon } from '../boxes.ts';
import { itemsOf } from '../folders/menu.ts';
import { nameOfAccount } from '../gate.tsx';
import type { App } from '../model.ts';
import { groups as settingsGroups } from '../settings/pages.ts';

type PaletteEntry = Entry<IconName>;

const onConversation: readonly [Command, IconName][] = [
  ['archive', 'archive'],
  ['delete', 'trash'],
  ['move', 'folder-input'],
  ['junk', 'octagon-alert'],
  ['star', 'star'],
  ['read', 'mail-open'],
  ['unread', 'mail'],
];
const onLetter: readonly [Command, IconName][] = [
  ['reply', 'reply'],
  ['replyAll', 'reply-all'],
  ['forward', 'forward'],
  ['unreadFrom', 'mail'],
  ['unfoldAll', 'list'],
  ['foldAll', 'minus'],
  ['original', 'contrast'],
];
const onList: readonly [Command, IconName][] = [
  ['refresh', 'refresh-cw'],
  ['selectAll', 'square-check'],
  ['selectNone', 'square-check'],
  ['selectRead', 'square-check'],
  ['selectUnread', 'square-check'],
  ['selectStarred', 'square-check'],
  ['selectUnstarred', 'square-check'],
];
const everywhere: readonly [Command, IconName][] = [
  ['compose', 'pen-line'],
  ['undo', 'undo-2'],
  ['search', 'search'],
  ['help', 'circle-question-mark'],
  ['lock', 'lock'],
];

/** People of letters that the page knows, the most frequent first. */
const mostPeople = 2_000;

const peopleOf = (mails: readonly Mail[]): { email: string; name: string }[] => {
  const found = new Map<string, { email: string; name: string; times: number }>();
  for (const mail of mails) {
    for (const id of mail.emails.ids()) {
      const head = mail.emails.peek(id);
      for (const person of [...(head?.from ?? []), ...(head?.to ?? [])]) {
        const key = person.email.toLowerCase();
        if (key === '' || key === mail.account.name.toLowerCase()) continue;
        const before = found.get(key);
        const name = nameOf(person);
        if (before) {
          before.times += 1;
          if (before.name === before.email) before.name = name;
        } else found.set(key, { email: person.email, name, times: 1 });
      }
    }
  }
  return [...found.values()].toSorted((a, b) => b.times - a.times).slice(0, mostPeople);
};

/** What the conversation commands act on: `On “Minutes”`, `On 3 conversations`. */
export const chipOf = ({ model, commands }: App): string | null => {
  const target = model.router.route.peek().at === 'settings' ? null : commands.target();
  if (!target) return null;
  const rows = rowCount(target);
  const [row] = target.rows === 'all' ? [] : target.rows;
  const seat = row === undefined ? undefined : target.list.seatOf(row);
  const subject = seat?.mail.emails.peek(seat.id)?.subject?.trim();
  return `On ${rows === 1 ? `“${subject || '(no subject)'}”` : counted(rows, 'conversation')}`;
};

/** All that can be done now, from what the page knows: nothing is asked of the server. */
export const entriesOf = (app: App): PaletteEntry[] => {
  const { model, commands } = app;
  const { router, prefs } = model;
  const inSettings = router.route.peek().at === 'settings';
  const place = inSettings ? null : model.reading.place.peek();
  const target = inSettings ? null : commands.target();
  const mails = model.mails.peek();
  const several = mails.length > 1;
  const entries: PaletteEntry[] = [];

  const add = (section: Section, label: string, icon: IconName, run: () => void, more: Partial<PaletteEntry> = {}) =>
    entries.push({
      key: `${section} ${label}`,
      section,
      kind: 'command',
      label,
      hint: '',
      icon,
      caps: [],
      typed: false,
      run,
      ...more,
    });
  /** What some do is called by where they do it. */
  const here: Partial<Record<Command, string>> =
    place?.role === 'junk' ? { junk: 'Not junk' } : place?.role === 'trash' ? { delete: 'Delete for ever' } : {};
  const command = (section: Section, name: Command, icon: IconName): void => {
    add(section, here[name] ?? known[name][0], icon, () => commands.run(name), { caps: capsOf(name)[0] ?? [] });
  };

  if (target) {
    for (const [name, icon] of onConversation) command('conversation', name, icon);
    const [part, ...others] = target.parts;
    if (part && others.length === 0)
      for (const box of part.mail.mailboxes.all.peek()?.values() ?? [])
        if (box.myRights.mayAddItems && box.id !== part.query.mailboxId && box.role !== 'drafts')
          add(
            'conversation',
            `Move to ${part.mail.mailboxes.pathOf(box.id)}`,
            boxIcon(box.role),
            () => commands.leaving((given) => model.actions.move(given, box.id), target),
            { key: `move ${box.id}`, typed: true },
          );
  }
  if (!inSettings && model.reading.conversation.peek())
    for (const [name, icon] of onLetter) command('conversation', name, icon);

  if (place) {
    const open = onlyFolder(place);
    const mail = open?.mail ?? model.mail.peek();
    for (const item of mail ? itemsOf(app, mail, open?.mailbox ?? null) : [])
      if ('run' in item && 'icon' in item && item.icon) add('list', item.label, item.icon, item.run);
    for (const [name, icon] of onList) command('list', name, icon);
  }

  const all = gathered(mails);
  if (all.length > 0) command('go', 'goAllInboxes', 'inbox');
  for (const mail of mails)
    for (const box of mail.mailboxes.all.peek()?.values() ?? [])
      add(
        'go',
        mail.mailboxes.pathOf(box.id),
        boxIcon(box.role),
        () =>
          router.go({ at: 'mailbox', account: accountName(mail), box: boxName(box), show: 'everything', thread: null }),
        {
          key: `box ${mail.id} ${box.id}`,
          kind: 'folder',
          hint: several ? nameOfAccount(mail) : '',
          typed: box.role === null,
        },
      );
  command('go', 'goStarred', 'star');
  command('go', 'goOutbox', 'send');
  for (const { email, name } of peopleOf(mails))
    add(
      'go',
      name,
      'user',
      () => router.go({ at: 'search', text: `from:${email}`, account: null, thread: null, of: null }),
      { key: `person ${email}`, kind: 'person', hint: name === email ? '' : email, typed: true },
    );

  for (const [name, icon] of everywhere) if (!inSettings || name !== 'search') command('postern', name, icon);
  const shown = model.theme.peek();
  add(
    'postern',
    shown === 'dark' ? 'Day mode' : 'Night mode',
    'sun-moon',
    () => {
      prefs.theme.value = otherTheme(shown, matchMedia('(prefers-color-scheme: dark)').matches);
    },
    { hint: 'Appearance' },
  );
  for (const { pages } of settingsGroups)
    for (const { page, title, icon } of pages)
      add('postern', title, icon, () => router.go({ at: 'settings', page }), { hint: 'Settings' });
  add('postern', 'Sign out', 'log-out', () => void model.signOut());
  return entries;
};
