import type { Place, ToEditor } from '#editor/protocol.ts';
import { parsePeople } from '#model/compose/people.ts';
import type { Writing } from '#model/compose/composers.ts';
import type { EditorHandle } from './editor-frame.tsx';

/**
 * What a letter's window holds besides the letter: where the caret stands, what is half typed, which fields are shown.
 * Locking Postern takes the window off the screen; it comes back as it was.
 */
interface Held {
  /** Text in a field of recipients that is no recipient yet, by the field's label. */
  typed: ReadonlyMap<string, string>;
  /** The fields above the text are shown. */
  unfolded: boolean;
  focus: { label: string; from: number; to: number } | null;
}

const held = new WeakMap<Writing, Held>();
const places = new WeakMap<Writing, Place>();
/** Letters whose text is to be drawn as it was; true: the text had the focus. */
const texts = new WeakMap<Writing, boolean>();

/** The caret or selection in the text, as the editor last told it. */
export const holdPlace = (writing: Writing, place: Place): void => {
  places.set(writing, place);
};

/** The same of plain text. */
const plainPlaces = new WeakMap<Writing, readonly [number, number]>();

/** The focus to the text, where the caret was, else at its end. */
export const toText = (writing: Writing): ToEditor => {
  const place = places.get(writing);
  return place ? { do: 'place', place, focus: true } : { do: 'focus' };
};

/** The same of plain text. */
export const restorePlain = (writing: Writing, field: HTMLTextAreaElement | null): void => {
  field?.focus();
  field?.setSelectionRange(...(plainPlaces.get(writing) ?? [field.value.length, field.value.length]));
};

/** Null while it is minimised, or not on the screen. */
export const windowOf = (writing: Writing): HTMLElement | null => document.getElementById(`comp-${writing.key}`);

/** Shows a field of recipients that is not shown until it is wanted: `cc`, `bcc`. */
export const showField = (writing: Writing, field: string): void =>
  void windowOf(writing)?.dispatchEvent(new CustomEvent('postern-show', { detail: field }));

const labelOf = (field: HTMLInputElement | HTMLTextAreaElement): string =>
  field.getAttribute('aria-label') ?? field.labels?.[0]?.textContent?.trim() ?? '';

const isField = (given: Element | null): given is HTMLInputElement | HTMLTextAreaElement =>
  given instanceof HTMLTextAreaElement || (given instanceof HTMLInputElement && given.type !== 'checkbox');

/** Before the windows leave the screen. */
export const holdWindows = (writings: readonly Writing[]): void => {
  for (const writing of writings) {
    const own = windowOf(writing);
    if (!own) continue;
    const inputs = [...own.querySelectorAll<HTMLInputElement>('.tokens-input')];
    const at = own.contains(document.activeElement) ? document.activeElement : null;
    texts.set(writing, at !== null && !isField(at));
    held.set(writing, {
      typed: new Map(inputs.filter(({ value }) => value !== '').map((input) => [labelOf(input), input.value])),
      unfolded: inputs.length > 0,
      focus: isField(at) ? { label: labelOf(at), from: at.selectionStart ?? 0, to: at.selectionEnd ?? 0 } : null,
    });
  }
};

/** A window leaves the screen by itself, minimised or in another shape; not if it is locked away. */
export const holdLeft = (writing: Writing): void => {
  const own = windowOf(writing);
  const plain = own?.querySelector<HTMLTextAreaElement>('.comp-plain');
  if (plain) plainPlaces.set(writing, [plain.selectionStart, plain.selectionEnd]);
  if (!held.has(writing) && own?.contains(document.activeElement) === true) holdWindows([writing]);
};

/** Something stands in a field of recipients that is no recipient yet. */
export const isHalfTyped = (writing: Writing): boolean =>
  [...(windowOf(writing)?.querySelectorAll<HTMLInputElement>('.tokens-input') ?? [])].some(({ value }) => value !== '');

/** Whether the fields were shown when the window was left. */
export const wasUnfolded = (writing: Writing): boolean => held.get(writing)?.unfolded ?? false;

/** Whether its text has the focus once it is there. */
export const isTextNext = (writing: Writing): boolean => texts.get(writing) ?? writing.recalled.peek() > 0;

/** Whether its writer is in one of its fields. */
export const isInField = (writing: Writing): boolean =>
  isField(document.activeElement) && windowOf(writing)?.contains(document.activeElement) === true;

/** In the text; true when the caret is where it was and nobody needs to put it anywhere. */
export const restoreBody = (writing: Writing, editor: EditorHandle): boolean => {
  const had = texts.get(writing);
  if (had === undefined) return false;
  const focus = had && !isInField(writing);
  texts.delete(writing);
  const place = places.get(writing);
  if (place) editor.tell({ do: 'place', place, focus });
  else if (focus) editor.tell({ do: 'focus' });
  return true;
};

const type = (input: HTMLInputElement | HTMLTextAreaElement, text: string): void => {
  input.value = text;
  input.dispatchEvent(new InputEvent('input', { bubbles: true }));
};

/** Losing the focus to the lock made a recipient of what was half typed; it is text again. */
const untake = ({ draft }: Writing, label: string, text: string): void => {
  const field = label.toLowerCase();
  if (field !== 'to' && field !== 'cc' && field !== 'bcc') return;
  const taken = new Set(parsePeople(text).map(({ email }) => email));
  const list = draft.letter.peek()[field];
  const left = list.filter(({ email }) => !taken.has(email));
  if (left.length < list.length) draft.change({ [field]: left });
};

/** In the fields: at once, so that nothing is typed before the caret is where it was; in those of Cc and Bcc once shown. */
export const restoreFields = (writing: Writing): void => {
  const before = held.get(writing);
  const own = windowOf(writing);
  if (!before || !own) return;
  held.delete(writing);
  const { typed, focus } = before;
  const restore = (label: string): boolean => {
    const field = [...own.querySelectorAll('input, textarea')].find((each) => isField(each) && labelOf(each) === label);
    if (!field || !isField(field)) return false;
    const text = typed.get(label);
    if (text !== undefined) {
      untake(writing, label, text);
      type(field, text);
    }
    if (label === focus?.label) {
      field.focus();
      field.setSelectionRange(focus.from, focus.to);
    }
    return true;
  };
  const labels = new Set([...typed.keys(), ...(focus ? [focus.label] : [])]);
  const missing = [...labels].filter((label) => !restore(label) && (label === 'Cc' || label === 'Bcc'));
  if (missing.length === 0) return;
  for (const label of missing) showField(writing, label.toLowerCase());
  requestAnimationFrame(() => missing.forEach(restore));
};
