import type { Clock } from '#base/clock.ts';

/** Everything a key can do; each command belongs to a part of the help. */
export const commands = {
  older: ['Next conversation', 'list'],
  newer: ['Previous conversation', 'list'],
  open: ['Open', 'list'],
  up: ['Back to the list', 'list'],
  select: ['Select', 'list'],
  selectAll: ['Select all', 'list'],
  selectNone: ['Select none', 'list'],
  selectRead: ['Select read', 'list'],
  selectUnread: ['Select unread', 'list'],
  selectStarred: ['Select starred', 'list'],
  selectUnstarred: ['Select unstarred', 'list'],
  nextSection: ['Next tab of the list', 'list'],
  previousSection: ['Previous tab of the list', 'list'],
  archive: ['Archive', 'act'],
  archiveAndNewer: ['Archive and go to the newer', 'act'],
  archiveAndOlder: ['Archive and go to the older', 'act'],
  delete: ['Delete', 'act'],
  junk: ['Report junk', 'act'],
  star: ['Star', 'act'],
  read: ['Mark read', 'act'],
  unread: ['Mark unread', 'act'],
  unreadFrom: ['Mark unread from here', 'act'],
  move: ['Move to a folder', 'act'],
  more: ['More actions', 'act'],
  undo: ['Undo', 'act'],
  refresh: ['Check for new mail', 'act'],
  nextMessage: ['Next message', 'letter'],
  previousMessage: ['Previous message', 'letter'],
  foldAll: ['Fold all messages', 'letter'],
  unfoldAll: ['Unfold all messages', 'letter'],
  original: ['Show original colours', 'letter'],
  reply: ['Reply', 'letter'],
  replyAll: ['Reply to all', 'letter'],
  forward: ['Forward', 'letter'],
  toolbar: ['Go to the toolbar', 'go'],
  compose: ['Compose', 'go'],
  search: ['Search', 'go'],
  goAllInboxes: ['Go to All inboxes', 'go'],
  goInbox: ['Go to Inbox', 'go'],
  goStarred: ['Go to Starred', 'go'],
  goSent: ['Go to Sent', 'go'],
  goDrafts: ['Go to Drafts', 'go'],
  goAll: ['Go to Archive', 'go'],
  goOutbox: ['Go to the outbox', 'go'],
  goFolder: ['Go to a folder', 'go'],
  goAccount: ['Go to an account', 'go'],
  nextPage: ['Next page', 'go'],
  previousPage: ['Previous page', 'go'],
  nextRegion: ['Next part of the window', 'go'],
  previousRegion: ['Previous part of the window', 'go'],
  lock: ['Lock Postern', 'go'],
  commands: ['Find a command', 'go'],
  help: ['Keyboard shortcuts', 'go'],
} as const satisfies Record<string, readonly [string, 'list' | 'act' | 'letter' | 'go']>;

export type Command = keyof typeof commands;

/** What a press means; `digit` for `goAccount`, `shift` where holding it says more (`reply` in a window). */
export interface Meant {
  command: Command;
  digit: number | null;
  shift: boolean;
}

/** A key press, as the browser's event says it. */
export interface Press {
  key: string;
  ctrl: boolean;
  alt: boolean;
  meta: boolean;
  shift: boolean;
  /** The focus is where text is written. */
  writing: boolean;
}

/** What a key is to commands: where letters are Greek to Georgian, the one that stands on it on Latin keyboards. `€` and `ę` are none. */
export const latinOf = ({ key, code = '', shiftKey }: { key: string; code?: string; shiftKey: boolean }): string =>
  key > '\u0370' && key < '\u1100' ? code.slice(3)[shiftKey ? 'toUpperCase' : 'toLowerCase']() : key;

const single: Record<string, Command> = {
  j: 'older',
  k: 'newer',
  o: 'open',
  Enter: 'open',
  u: 'up',
  x: 'select',
  '`': 'nextSection',
  '~': 'previousSection',
  e: 'archive',
  '}': 'archiveAndOlder',
  ']': 'archiveAndOlder',
  '{': 'archiveAndNewer',
  '[': 'archiveAndNewer',
  '#': 'delete',
  Delete: 'delete',
  '!': 'junk',
  s: 'star',
  I: 'read',
  U: 'unread',
  _: 'unreadFrom',
  v: 'move',
  '.': 'more',
  z: 'undo',
  N: 'refresh',
  n: 'nextMessage',
  p: 'previousMessage',
  ':': 'foldAll',
  ';': 'unfoldAll',
  O: 'original',
  r: 'reply',
  R: 'reply',
  a: 'replyAll',
  A: 'replyAll',
  f: 'forward',
  F: 'forward',
  ',': 'toolbar',
  c: 'compose',
  '/': 'search',
  '?': 'help',
};

const after: Record<string, Record<string, Command>> = {
  g: {
    0: 'goAllInboxes',
    i: 'goInbox',
    s: 'goStarred',
    t: 'goSent',
    d: 'goDrafts',
    a: 'goAll',
    l: 'goFolder',
    o: 'goOutbox',
    n: 'nextPage',
    p: 'previousPage',
    k: 'lock',
  },
  '*': {
    a: 'selectAll',
    n: 'selectNone',
    r: 'selectRead',
    u: 'selectUnread',
    s: 'selectStarred',
    t: 'selectUnstarred',
  },
};

/** Keys that act even while single keys are turned off or text is written. */
const always: Record<string, Command> = { F6: 'nextRegion' };

const patience = 1_500;

/** Puts presses together to commands; a first key of two is remembered for a moment. */
export const openKeys = (clock: Clock): { press(press: Press, on: boolean): Meant | 'half' | null } => {
  let prefix: string | null = null;
  let cancel = (): void => undefined;
  const forget = (): void => {
    prefix = null;
    cancel();
  };
  return {
    press: ({ key, ctrl, alt, meta, shift, writing }, on) => {
      const fixed = always[key];
      if (fixed && !ctrl && !alt && !meta) return { command: shift ? 'previousRegion' : fixed, digit: null, shift };
      if ((ctrl || meta) && !alt && !shift && key.toLowerCase() === 'k') {
        forget();
        return { command: 'commands', digit: null, shift };
      }
      if (key === 'Escape' && !ctrl && !alt && !meta && !writing) {
        forget();
        return { command: 'selectNone', digit: null, shift };
      }
      if (ctrl || alt || meta || writing || !on || key === 'Shift') {
        if (key !== 'Shift') forget();
        return null;
      }
      if (prefix !== null) {
        const first = prefix;
        forget();
        const command = after[first]?.[key];
        if (command) return { command, digit: null, shift };
        if (first === 'g' && /^[1-9]$/u.test(key)) return { command: 'goAccount', digit: Number(key), shift };
        return null;
      }
      if (Object.hasOwn(after, key)) {
        prefix = key;
        cancel = clock.after(patience, forget);
        return 'half';
      }
      const command = Object.hasOwn(single, key) ? single[key] : undefined;
      return command ? { command, digit: null, shift } : null;
    },
  };
};

/** Key caps of a command, as the help shows them: `e`, `g then i`. */
export const capsOf = (command: Command): readonly (readonly string[])[] => {
  const caps: string[][] = Object.entries(single).flatMap(([key, each]) =>
    each === command && key !== 'Delete' ? [[key]] : [],
  );
  for (const [first, seconds] of Object.entries(after))
    for (const [second, each] of Object.entries(seconds)) if (each === command) caps.push([first, second]);
  if (command === 'goAccount') caps.push(['g', '1…9']);
  if (command === 'commands') caps.push(['Ctrl K']);
  if (command === 'selectNone') caps.push(['Esc']);
  if (command === 'nextRegion') caps.push(['F6']);
  if (command === 'previousRegion') caps.push(['Shift F6']);
  const lower = caps.filter(([key, second]) => second !== undefined || !(key && /^[RAF]$/u.test(key)));
  return lower;
};
