import { rowOf } from '#model/rows.ts';
import type { MenuItem } from '#parts/menu.tsx';
import type { App } from './model.ts';

/** Everything that can be done with what is picked, focused or open; right-click, `.` and the toolbar's menu. */
export const actionItems = ({ model, commands }: App): MenuItem[] => {
  const place = model.reading.place.peek();
  const target = commands.target();
  if (!place || !target) return [];
  const role = place.role;
  const first = target.rows === 'all' ? undefined : target.rows[0];
  const seat = first === undefined ? undefined : place.list.seatOf(first);
  const row = seat && rowOf(seat);
  const several = target.rows === 'all' || target.rows.length > 1;
  const items: MenuItem[] = [];
  if (role !== 'archive')
    items.push({ label: 'Archive', icon: 'archive', cap: 'E', run: () => commands.run('archive') });
  items.push(
    {
      label: role === 'trash' ? 'Delete for ever' : 'Delete',
      icon: 'trash',
      cap: '#',
      run: () => commands.run('delete'),
    },
    {
      label: role === 'junk' ? 'Not junk' : 'Report junk',
      icon: 'octagon-alert',
      cap: '!',
      run: () => commands.run('junk'),
    },
    { label: 'Move to …', icon: 'folder-input', cap: 'V', run: () => commands.run('move') },
    { kind: 'line' },
  );
  if (several || row?.unread)
    items.push({ label: 'Mark read', icon: 'mail-open', cap: '⇧ I', run: () => commands.run('read') });
  if (several || !row?.unread)
    items.push({ label: 'Mark unread', icon: 'mail', cap: '⇧ U', run: () => commands.run('unread') });
  items.push({ label: row?.starred ? 'Remove star' : 'Star', icon: 'star', cap: 'S', run: () => commands.run('star') });
  if (!several && model.reading.conversation.peek())
    items.push(
      { kind: 'line' },
      { label: 'Unfold all messages', icon: 'list', cap: ';', run: () => commands.run('unfoldAll') },
      { label: 'Fold all messages', icon: 'minus', cap: ':', run: () => commands.run('foldAll') },
      { label: 'Print', icon: 'printer', run: () => window.print() },
    );
  return items;
};
