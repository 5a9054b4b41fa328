import { useComputed } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { RowId } from '#model/list.ts';
import type { Place } from '#model/place.ts';
import { rowHeight } from '#model/prefs.ts';
import { Grid } from '#parts/grid.tsx';
import type { Geometry } from '#parts/virtual.ts';
import { useApp } from '../model.ts';
import { headingsOf } from './headings.ts';
import { BlankRow, MailRow } from './row.tsx';

const phoneRow = 86;

export const Rows = ({ place }: { place: Place }) => {
  const app = useApp();
  const { model } = app;
  const { list, selection, cursor } = place;
  const version = list.version.value;
  const total = list.total.value ?? 0;
  const density = model.prefs.density.value;
  const onePane = model.onePane.value;
  const today = model.today.value;
  const own = useRef<HTMLDivElement>(null);
  const text = useMemo(() => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16, []);
  const height = text * (onePane ? phoneRow : rowHeight(density, matchMedia('(pointer: coarse)').matches));
  const geometry = useMemo<Geometry>(
    () => ({
      rowHeight: height,
      headHeight: text * (onePane ? 35 : 33),
      count: total,
      headings: headingsOf(list, today),
    }),
    [height, total, version, today, onePane],
  );
  const at = cursor.value;
  const focused = at === null ? (list.idAt(0) === undefined ? -1 : 0) : list.indexOf(at);
  const picking = useComputed(() => selection.count.value > 0).value;

  useLayoutEffect(() => own.current?.style.setProperty('--row-h', `${height}px`), [height]);

  const move = (index: number): void => {
    const id = list.idAt(index);
    if (id === undefined) void list.idsIn(index, index + 1).then(([known]) => known && model.reading.focus(known));
    else model.reading.focus(id);
  };
  const extend = (index: number): void => {
    const id = list.idAt(index);
    if (id === undefined) return;
    const here = cursor.peek();
    if (selection.count.peek() === 0 && here !== null) selection.toggle(here);
    void selection.extend(id);
  };

  return (
    <div ref={own} class={`rows-host ${picking ? 'picking' : ''}`}>
      <Grid
        key={place.key}
        id="list"
        label="Conversations"
        class={onePane ? '' : density}
        geometry={geometry}
        version={version}
        focused={focused}
        chosen={at !== null}
        keyAt={(index) => list.idAt(index)}
        indexOf={(key) => list.indexOf(key as RowId)}
        start={place.scrolled}
        row={(index) => {
          const id = list.idAt(index);
          return id === undefined ? (
            <BlankRow index={index} />
          ) : (
            <MailRow place={place} id={id} index={index} stop={index === focused} />
          );
        }}
        onLook={(from, to) => list.look(from, to)}
        onScroll={(top) => {
          place.scrolled = top;
          list.atTop(top <= 0);
        }}
        onFocus={(index) => {
          // While a letter is open, keys act on it until the reader moves in the list.
          if (!model.reading.conversation.peek()) cursor.value = list.idAt(index) ?? null;
        }}
        onMove={move}
        onOpen={(index) => {
          cursor.value = list.idAt(index) ?? null;
          app.commands.run('open');
        }}
        onToggle={(index) => {
          const id = list.idAt(index);
          if (id !== undefined) selection.toggle(id);
        }}
        onExtend={extend}
        onAll={() => selection.all()}
      />
    </div>
  );
};
