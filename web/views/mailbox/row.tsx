import { useComputed } from '@preact/signals';
import { openComposer } from '#model/compose-port.ts';
import { rowTime } from '#model/format.ts';
import type { RowId } from '#model/list.ts';
import type { Place } from '#model/place.ts';
import { rowOf, type Row } from '#model/rows.ts';
import { Cell, GridRow, PickBox } from '#parts/grid.tsx';
import { Icon } from '#parts/icon.tsx';
import { openContextMenu } from '#parts/menu.tsx';
import { tooltip } from '#parts/tooltip.tsx';
import { actionItems } from '../action-items.ts';
import { Gate, nameOfAccount } from '../gate.tsx';
import { useApp, type App } from '../model.ts';
import { dragOf } from './drag.ts';
import { useSwipe } from './swipe.tsx';

/** `account` is said where rows of several stand together. */
const spoken = (row: Row, time: string, account: string): string =>
  [
    row.who,
    row.unread ? 'unread' : '',
    row.subject,
    row.messages > 1 ? `${row.messages} messages` : '',
    time,
    row.attachment ? 'has attachment' : '',
    row.starred ? 'starred' : '',
    row.answered ? 'answered' : '',
    row.draft ? 'with a draft' : '',
    account === '' ? '' : `to ${account}`,
  ]
    .filter(Boolean)
    .join(', ');

/** Opens a row: the letter, or the composer when it is a draft of the Drafts folder. */
export const openRow = ({ model }: App, place: Place, id: RowId): void => {
  const seat = place.list.seatOf(id);
  const head = seat?.mail.emails.peek(seat.id);
  if (place.role === 'drafts' && seat && head && Object.hasOwn(head.keywords, '$draft'))
    void openComposer({ kind: 'draft', accountId: seat.mail.id, emailId: seat.id });
  else model.reading.open(id);
};

export const BlankRow = ({ index }: { index: number }) => (
  <div class="row blank" role="row" aria-rowindex={index + 1} aria-label="Loading" aria-busy="true">
    <div class="bone b1" role="gridcell" />
    <div class="bone b2" role="presentation" />
    <div class="bone b3" role="presentation" />
  </div>
);

const Actions = ({ app, place, id, row }: { app: App; place: Place; id: RowId; row: Row }) => {
  const { model, commands } = app;
  const target = commands.targetOf([id]);
  const button = (icon: Parameters<typeof Icon>[0]['name'], label: string, run: () => void) => (
    <button
      type="button"
      tabIndex={-1}
      data-cell
      aria-label={label}
      {...tooltip(label)}
      onClick={(event) => {
        event.stopPropagation();
        run();
      }}
    >
      <Icon name={icon} />
    </button>
  );
  if (!target) return null;
  return (
    <Cell class="actcell">
      <span class="acts">
        {place.role === 'archive'
          ? null
          : button('archive', 'Archive', () => commands.leaving((given) => model.actions.archive(given), target))}
        {button('trash', place.role === 'trash' ? 'Delete for ever' : 'Delete', () =>
          commands.leaving((given) => model.actions.remove(given), target),
        )}
        {button(
          row.unread ? 'mail-open' : 'mail',
          row.unread ? 'Mark read' : 'Mark unread',
          () => void model.actions.read(target, row.unread),
        )}
      </span>
    </Cell>
  );
};

export const MailRow = ({ place, id, index, stop }: { place: Place; id: RowId; index: number; stop: boolean }) => {
  const app = useApp();
  const { model } = app;
  const row = useComputed(() => {
    const seat = place.list.seatOf(id);
    return seat && rowOf(seat);
  }).value;
  const picked = useComputed(() => {
    void place.selection.picked.value;
    return place.selection.has(id);
  }).value;
  const current = useComputed(() => {
    const talk = model.reading.conversation.value;
    const seat = place.list.seatOf(id);
    return talk !== null && talk.mail === seat?.mail && seat.mail.emails.get(seat.id)?.threadId === talk.threadId;
  }).value;
  const swipe = useSwipe(app, id, () => place.selection.toggle(id));
  if (!row) return <BlankRow index={index} />;
  const time = rowTime(row.receivedAt, model.today.value);
  const several = place.mail === null;

  return (
    <>
      {swipe.under}
      <GridRow
        index={index}
        rowRef={swipe.ref}
        touch={swipe.touch}
        class={`row ${row.unread ? 'unread' : ''} ${current ? 'open' : ''} ${picked ? 'picked' : ''}`}
        label={spoken(row, time, several ? nameOfAccount(row.mail) : '')}
        stop={stop}
        picked={picked}
        current={current}
        {...(model.onePane.value || !matchMedia('(pointer: fine)').matches
          ? {}
          : { drag: dragOf(app, place, id, row.subject) })}
        onClick={(event) => {
          if (swipe.moved()) return;
          if (event.shiftKey) void place.selection.extend(id);
          else if (event.ctrlKey || event.metaKey) place.selection.toggle(id);
          else if (place.selection.count.peek() > 0 && matchMedia('(pointer: coarse)').matches)
            place.selection.toggle(id);
          else openRow(app, place, id);
        }}
        onContextMenu={(event) => {
          event.preventDefault();
          if (swipe.pressed()) return;
          if (!place.selection.has(id)) {
            place.selection.clear();
            place.cursor.value = id;
          }
          const at = { left: event.clientX, right: event.clientX, top: event.clientY, bottom: event.clientY };
          openContextMenu('Actions', actionItems(app), at);
        }}
      >
        <Cell>
          <PickBox
            picked={picked}
            label={`Select ${row.subject}`}
            onPick={(shift) => (shift ? void place.selection.extend(id) : place.selection.toggle(id))}
          >
            <Icon name="check" size="xs" />
          </PickBox>
          <span class="u" />
        </Cell>
        <Cell>
          <div class="from">
            <b class="cut" dir="auto">
              {row.who}
            </b>
            {row.messages > 1 ? <span>{row.messages}</span> : null}
          </div>
          <time dateTime={row.receivedAt}>{time}</time>
          <div class="subj">
            <span class="cut grow" dir="auto">
              {row.subject}
            </span>
            {row.attachment ? <Icon name="paperclip" size="xs" /> : null}
            {row.answered ? <Icon name="corner-up-left" size="xs" /> : null}
            {row.forwarded ? <Icon name="forward" size="xs" /> : null}
            {row.starred ? <Icon name="star" size="xs" star /> : null}
            {several ? <Gate mail={row.mail} size="xs" titled /> : null}
          </div>
          <div class="snip">
            <span class="cut grow" dir="auto">
              {row.draft ? <em dir="ltr">Draft: </em> : null}
              {row.snippet}
            </span>
            {several ? <Gate mail={row.mail} size="xs" titled /> : null}
          </div>
        </Cell>
        <Actions app={app} place={place} id={id} row={row} />
      </GridRow>
    </>
  );
};
