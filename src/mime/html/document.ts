import { NIGHT } from './night.ts';
import type { Look } from './sanitize.ts';
import { SCOPE } from './tree.ts';

/** How a document without scripts tells the server how tall its content is; docs/spec/mail-html.md, rules H1 to H9. */
export interface Measure {
  /** Signed path below which the band is asked for: `${path}/${band}`. Allowed by `img-src`. */
  path: string;
  /** Height the frame was given, CSS pixels. */
  frame: number;
}

export interface DocumentOptions {
  /** Named by the frame for assistive technology; plain text. */
  title: string;
  look: Look;
  /** BCP 47, of the mail when known. */
  language?: string | null;
  measure?: Measure | null;
}

const BANDS = 300;

/** Height of one band. */
export const bandStep = (frame: number): number => Math.max(1, Math.ceil(frame / BANDS));

/**
 * Content height (at most one step too much) for the band that was asked for. null for band 0: the content fills the frame
 * or is taller, so the frame has to be made taller and measured again.
 */
export const measuredHeight = (frame: number, band: number): number | null =>
  band <= 0 ? null : Math.max(0, frame - band * bandStep(frame));

const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** Only characters that need no escape in a CSS url() in a style element. */
const isPlainPath = (path: string): boolean => /^[\w\-./:~%=+,]+$/.test(path);

/**
 * One rule for each band, the last that matches wins, so that one image is asked for. Nothing is asked while the frame has
 * another height than it was promised (before it is laid out, on paper). Before the first layout the rest may look empty
 * for a moment: only a rest that stays empty counts as band 0, hence the animation that waits.
 */
const measureStyles = ({ path, frame }: Measure): string => {
  const step = bandStep(frame);
  const band = (condition: string, number: number): string =>
    `@container (${condition}){.postern-rest>i{background-image:url(${path}/${number})}}\n`;
  let css = `@container (max-height:${step - 0.01}px){.postern-rest>i{animation:postern-full 1ms .2s forwards}}\n`;
  for (let number = 1; number * step <= frame; number += 1) css += band(`min-height:${number * step}px`, number);
  return `@keyframes postern-full{to{background-image:url(${path}/0)}}
.postern-rest{flex:1 1 0;min-height:0;container-type:size}.postern-rest>i{display:block;width:1px;height:1px}
@media screen and (min-height:${frame - 1}px){${css}}
@media print{.postern-rest{display:none}}`;
};

const base = `
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;display:flex;flex-direction:column;min-height:100vh;box-sizing:border-box;font:16px/1.6 system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif}
.${SCOPE}{flex:none;display:flow-root;box-sizing:border-box;max-width:100%;overflow-x:auto;overflow-y:hidden;overflow-wrap:break-word}
.${SCOPE} img{max-width:100%}
.${SCOPE} img.postern-wide{height:auto}
.${SCOPE} pre{white-space:pre-wrap;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.9em}
.${SCOPE} blockquote{margin:.5em 0;padding-left:1em;border-left:2px solid;border-color:var(--line)}
.${SCOPE} table{max-width:100%}
.${SCOPE} p:first-child{margin-top:0}
.postern-quote>summary{display:inline-block;margin:8px 0;padding:2px 12px;border:1px solid var(--line);border-radius:999px;font-size:13px;line-height:1.6;cursor:pointer;list-style:none}
.postern-quote>summary::-webkit-details-marker{display:none}
.postern-quote>summary:focus-visible{outline:2px solid currentColor;outline-offset:2px}
@media print{body{display:block;min-height:0}.postern-quote>summary{display:none}}
`;

const day = ':root{color-scheme:light;--line:#c5cdc8}body{background:#fff;color:#14211e}';
const dark = `:root{color-scheme:dark;--line:${NIGHT.line}}body{background:${NIGHT.sheet};color:${NIGHT.ink}}.${SCOPE} a{color:${NIGHT.link}}`;

const looks: Readonly<Record<Look, string>> = {
  day,
  'own-dark': dark,
  recoloured: dark,
  // A white card in the dark room, dimmed 8 %.
  paper: `:root{color-scheme:light;--line:#c5cdc8}body{background:${NIGHT.sheet};color:#14211e}.${SCOPE}{background-color:#fff;border-radius:8px;padding:16px;filter:brightness(.92)}`,
};

/** Printed mail is dark on white, whatever the room is: colours that are for the night go. */
const print = `@media print{:root{color-scheme:light}body{background:#fff}.${SCOPE}{filter:none;padding:0}}`;
const nightInPrint = `@media print{.${SCOPE},.${SCOPE} *{color:#14211e!important;background:none!important}}`;

/**
 * The complete document a frame shows: our styles and, unchanged, the one element {@link sanitizeMail} made. To be served
 * with {@link mailHeaders} and nothing else.
 */
export const mailDocument = (html: string, options: DocumentOptions): string => {
  const measure = options.measure ?? null;
  if (measure !== null && !isPlainPath(measure.path))
    throw new RangeError('measure.path has characters that need escaping');
  const language = /^[A-Za-z0-9-]{2,35}$/.test(options.language ?? '') ? ` lang="${options.language}"` : '';
  const styles = `${base}${looks[options.look]}\n${print}${looks[options.look] === dark ? nightInPrint : ''}${measure === null ? '' : measureStyles(measure)}`;
  const rest = measure === null ? '' : '<div class="postern-rest" aria-hidden="true"><i></i></div>';
  return `<!doctype html>
<html${language}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(options.title)}</title>
<style>${styles}</style></head>
<body>${html}${rest}</body></html>
`;
};
