import { effect } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import { takeAhead } from '#model/ahead.ts';
import type { Model } from '#model/model.ts';
import { find, readTyped, type Section } from '#model/palette.ts';
import { rowCount } from '#model/targets.ts';
import { Icon, type IconName } from '#parts/icon.tsx';
import { Palette, type PaletteGroup, type PaletteOption } from '#parts/palette.tsx';
import { useApp } from '../model.ts';
import { chipOf, entriesOf } from './entries.ts';
import './palette.css';

const titles: Record<Section, string> = {
  conversation: 'This conversation',
  list: 'This list',
  go: 'Go to',
  postern: 'Postern',
};

/** What was run since one came in, newest first; it names people, so it goes when Postern is locked or left. */
let recent: readonly string[] = [];
const mostRecent = 30;
let forgetting = false;
const forgetWhenLeft = ({ session }: Model): void => {
  if (forgetting) return;
  forgetting = true;
  effect(() => {
    if (session.state.value.at !== 'signed-in') recent = [];
  });
};

/** As on the keys: `e` is E, `N` is Shift and N. */
const capWords = (cap: string): string => {
  if (cap.length > 1) return cap;
  return /\p{Lu}/u.test(cap) ? `⇧ ${cap}` : cap.toLocaleUpperCase();
};

const Caps = ({ caps }: { caps: readonly string[] }) => (
  <>
    {caps.map((cap) => (
      <kbd key={cap}>{capWords(cap)}</kbd>
    ))}
  </>
);

/** Ctrl+K: every command with its key, people and folders. */
export const CommandPalette = ({ onClose }: { onClose(): void }) => {
  const app = useApp();
  const { router, mails } = app.model;
  const [typed] = useState(takeAhead);
  forgetWhenLeft(app.model);
  const entries = useMemo(() => entriesOf(app), []);
  const chip = useMemo(() => chipOf(app), []);
  const several = useMemo(() => {
    const target = app.commands.target();
    return target !== null && rowCount(target) > 1;
  }, []);

  const option = (
    key: string,
    icon: IconName,
    label: preact.ComponentChildren,
    hint: string,
    caps: readonly string[],
    run: () => void,
  ): PaletteOption => ({
    key,
    run: () => {
      recent = [key, ...recent.filter((each) => each !== key)].slice(0, mostRecent);
      run();
    },
    children: (
      <>
        <Icon name={icon} />
        <span class="grow cut">
          {label}
          {hint === '' ? null : <small>{hint}</small>}
        </span>
        <Caps caps={caps} />
      </>
    ),
  });

  const groups = (text: string): PaletteGroup[] => {
    const found = find(entries, text, recent).map(({ section, found: list }): PaletteGroup => ({
      key: section,
      title: section === 'conversation' && several ? 'These conversations' : titles[section],
      options: list.map(({ entry, pieces }) =>
        option(
          entry.key,
          entry.icon,
          pieces.map((piece) => (piece.hit ? <mark>{piece.text}</mark> : piece.text)),
          entry.hint,
          entry.caps,
          entry.run,
        ),
      ),
    }));
    const { kind, text: words } = readTyped(text);
    if (words === '' || kind !== null || mails.value.length === 0) return found;
    const search = option(
      'search',
      'search',
      <>
        Search all mail for “<mark>{words}</mark>”
      </>,
      '',
      [],
      () => router.go({ at: 'search', text: words, account: null, thread: null, of: null }),
    );
    const last = found.find(({ key }) => key === 'postern');
    if (!last) return [...found, { key: 'postern', title: titles.postern, options: [search] }];
    return found.map((group) => (group === last ? { ...group, options: [...group.options, search] } : group));
  };

  return (
    <Palette
      label="Commands"
      typed={typed}
      mark={<Icon name="command" />}
      chip={chip}
      groups={groups}
      none="Nothing of that name."
      foot={
        <>
          <span>
            <kbd>↑</kbd> <kbd>↓</kbd> choose
          </span>
          <span>
            <kbd>↵</kbd> run
          </span>
          <span>
            <kbd>Esc</kbd> back to where you were
          </span>
        </>
      }
      onClose={onClose}
    />
  );
};
