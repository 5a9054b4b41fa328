/**
 * Scripts that put no blanks between words (and Hangul, which glues endings to them). Their runs are indexed as
 * overlapping pairs of characters, so that any word within is found.
 */
const dense =
  /[\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc]|[\ud840-\ud8bf][\udc00-\udfff]/;
const denseRun = new RegExp(`(?:${dense.source})+`, 'g');
/** Those, and letters in the width of theirs: these have other, ordinary forms. */
const wide = new RegExp(`[\\uff01-\\uffef]|${dense.source}`);
const wideRun = new RegExp(`(?:${wide.source})+`, 'g');

/** Before all of those: text without any of these is ordinary, and most text is. */
const far = /[\u0e00-\uffff]/;

export const isDense = (text: string): boolean => dense.test(text);

/** `AB BC C` for `ABC`: the last character stands alone so that it can be found too. */
const pairs = (run: string, closed: boolean): string => {
  const characters = Array.from(run);
  const tokens = characters.slice(0, -1).map((character, i) => `${character}${characters[i + 1] ?? ''}`);
  if (closed || characters.length === 1) tokens.push(characters.at(-1) ?? '');
  return tokens.join(' ');
};

const ordinary = (text: string): string => text.replaceAll(wideRun, (run) => run.normalize('NFKC'));

/** Whether {@link foldForIndex} would leave it as it is. */
export const isOrdinary = (text: string): boolean => !far.test(text) || !wide.test(text);

/** Text as it goes into the full text: words as they are, dense runs as pairs. */
export const foldForIndex = (text: string): string =>
  isOrdinary(text) ? text : ordinary(text).replaceAll(denseRun, (run) => ` ${pairs(run, true)} `);

/** A word or phrase as it is looked for; a dense run at its end stays open, for it may go on in the text. */
export const foldForQuery = (text: string): string => {
  if (!wide.test(text)) return text;
  const normal = ordinary(text);
  return normal.replaceAll(denseRun, (run, at: number) => ` ${pairs(run, at + run.length < normal.length)} `).trim();
};
