/** What was typed on the way to something that is about to open and take the focus; null while nothing is. */
let ahead: string | null = null;
let giveUp: (() => void) | undefined;
let holding = 0;

/**
 * Something is about to open: from now on keys are text for it, until {@link takeAhead}. The function ends that when it
 * does not come. With `cancel`, Escape ends it too, drops the text and calls `cancel`, so that it does not open.
 */
export const holdKeys = (cancel?: () => void): (() => void) => {
  holding += 1;
  const mine = holding;
  ahead = '';
  giveUp = cancel;
  return () => {
    if (mine === holding) ahead = null;
  };
};

/** True when the press belongs to what is about to open: it is no command, and text is kept for it. */
export const typedAhead = (key: string): boolean => {
  if (ahead === null) return false;
  if (key === 'Escape' && giveUp) {
    ahead = null;
    giveUp();
  } else if (key === 'Enter') ahead += '\n';
  else if (key === 'Backspace') ahead = ahead.slice(0, -1);
  else if (key.length === 1) ahead += key;
  return true;
};

/** Whether what is typed is kept for something that is about to open. */
export const isAhead = (): boolean => ahead !== null;

/** It has the focus: what was typed on the way to it, with its line ends. */
export const takeLinesAhead = (): string => {
  const text = ahead ?? '';
  ahead = null;
  return text;
};

/** The same for a field of one line. */
export const takeAhead = (): string => takeLinesAhead().replaceAll('\n', '');

/** What opens takes the focus within so many milliseconds; should it never, keys are commands again. */
export const aheadMs = 3_000;

/** The editor's frame is there within so many milliseconds, or is said not to be. */
export const editorMs = 10_000;
