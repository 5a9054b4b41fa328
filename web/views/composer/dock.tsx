import type { Composers, Writing } from '#model/compose/composers.ts';
import { IconButton } from '#parts/tooltip.tsx';
import { useFocusBack } from './focus-back.ts';
import { windowOf } from './resting.ts';
import { ComposerWindow } from './window.tsx';
import './composer.css';

const Tab = ({ writing }: { writing: Writing }) => {
  useFocusBack();
  const open = (): void => void (writing.shape.value = 'docked');
  const subject = writing.draft.letter.value.subject.trim() || 'New message';
  return (
    <div class="comp-tab" data-region>
      <button type="button" class="grow cut" onClick={open}>
        {subject}
      </button>
      <IconButton icon="maximize-2" label={`Open ${subject}`} size="sm" onClick={open} />
      <IconButton icon="x" label={`Save and close ${subject}`} size="sm" onClick={() => writing.close()} />
    </div>
  );
};

/** Ctrl+. and Ctrl+, (E9): to the next or last letter in the order they were begun, which comes back if it is away. */
const goBeside = ({ open }: Composers, writing: Writing, by: 1 | -1): void => {
  const all = open.peek();
  const next = all.at((all.indexOf(writing) + by) % all.length);
  if (!next) return;
  if (!windowOf(next)) next.shape.value = 'docked';
  next.recalled.value += 1;
};

const Letter = ({ composers, writing }: { composers: Composers; writing: Writing }) => (
  <ComposerWindow
    writing={writing}
    suggest={(prefix) => composers.suggest(writing.mail, prefix)}
    beside={(by) => goBeside(composers, writing, by)}
  />
);

/** Letters being written, at the foot of the screen. Non-modal: the mail behind stays in use. */
export const Dock = ({ composers }: { composers: Composers }) => {
  const open = composers.open.value.filter((each) => each.shape.value !== 'inline');
  if (open.length === 0) return null;
  return (
    <div class="comp-dock">
      {open.map((writing) =>
        writing.shape.value === 'minimised' ? (
          <Tab key={writing.key} writing={writing} />
        ) : (
          <Letter key={writing.key} composers={composers} writing={writing} />
        ),
      )}
    </div>
  );
};

/** The answer below the conversation it belongs to. */
export const InlineComposer = ({ composers, threadId }: { composers: Composers; threadId: string }) => (
  <>
    {composers.open.value
      .filter((each) => each.inThread === threadId && each.shape.value === 'inline')
      .map((writing) => (
        <Letter key={writing.key} composers={composers} writing={writing} />
      ))}
  </>
);
