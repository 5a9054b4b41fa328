import { count } from '#model/format.ts';
import type { Place } from '#model/place.ts';
import { MenuButton } from '#parts/menu.tsx';
import { Toolbar } from '#parts/toolbar.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { actionItems } from '../action-items.ts';
import { useApp } from '../model.ts';

/** The bar of what is chosen; it takes the place of the tabs. */
export const Picks = ({ place }: { place: Place }) => {
  const app = useApp();
  const { commands } = app;
  const n = place.selection.count.value;
  const total = place.list.total.value ?? 0;
  const all = place.selection.picked.value.all;
  return (
    <Toolbar label="Chosen conversations" class="picks">
      <IconButton icon="x" size="sm" label="Choose none" cap="Esc" onClick={() => place.selection.clear()} />
      <b>{count(n)} chosen</b>
      {all || n >= total ? null : (
        <button type="button" class="btn quiet" onClick={() => place.selection.all()}>
          Select all {count(total)}
        </button>
      )}
      <span class="grow" />
      {place.role === 'archive' ? null : (
        <IconButton icon="archive" size="sm" label="Archive" cap="E" onClick={() => commands.run('archive')} />
      )}
      <IconButton icon="trash" size="sm" label="Delete" cap="#" onClick={() => commands.run('delete')} />
      <IconButton icon="folder-input" size="sm" label="Move to" cap="V" onClick={() => commands.run('move')} />
      <MenuButton icon="ellipsis" size="sm" label="More actions" cap="." items={() => actionItems(app)} />
    </Toolbar>
  );
};
