import { counted } from '#model/format.ts';
import type { RowId } from '#model/list.ts';
import type { Mailbox } from '#jmap/mail.ts';
import type { Mail } from '#model/mail.ts';
import type { Place } from '#model/place.ts';
import { rowCount, type Target } from '#model/targets.ts';
import type { App } from '../model.ts';

/** Rows dragged onto a folder by mouse: what `v` does. */

/** What is being dragged; the page alone knows, nothing of it is handed to where else one might let go. */
let dragged: Target | null = null;

/** Names what is dragged for what it comes over; of the mail it holds nothing. */
const kind = 'application/x-postern';

/** Picked rows go together. */
export const dragOf = ({ commands }: App, place: Place, id: RowId, subject: string) => ({
  onDragStart: (event: DragEvent): void => {
    dragged = place.selection.has(id) ? commands.target() : commands.targetOf([id]);
    const { dataTransfer } = event;
    if (!dragged || !dataTransfer) return event.preventDefault();
    dataTransfer.effectAllowed = 'move';
    dataTransfer.setData(kind, '');
    const rows = rowCount(dragged);
    const chip = document.createElement('div');
    chip.className = 'drag-chip cut';
    chip.textContent = rows === 1 ? subject : counted(rows, 'conversation');
    document.body.append(chip);
    dataTransfer.setDragImage(chip, -12, 8);
    setTimeout(() => chip.remove());
    return undefined;
  },
  onDragEnd: (): void => {
    dragged = null;
  },
});

/** Whether what is dragged, of these types, may be dropped on this folder. */
export const takesDragged = (
  { commands }: App,
  types: readonly string[],
  { mail, mailbox: folder }: { mail: Mail; mailbox: Mailbox },
): boolean => {
  const part = dragged?.parts[0];
  return (
    dragged !== null &&
    types.includes(kind) &&
    part?.mail === mail &&
    part.query.mailboxId !== folder.id &&
    folder.myRights.mayAddItems &&
    folder.role !== 'drafts' &&
    commands.whyNotMove(dragged) === null
  );
};

export const dropOn = ({ model, commands }: App, folder: Mailbox): void => {
  const rows = dragged;
  // A row that is taken out of the list never hears that its drag has ended.
  dragged = null;
  if (rows) commands.leaving((given) => model.actions.move(given, folder.id), rows);
};
