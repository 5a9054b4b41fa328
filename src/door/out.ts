import { createHash } from 'node:crypto';
import type { Links } from '#mailroom/links.ts';
import { newRoutes, type Routes } from './context.ts';
import { notFound } from './problems.ts';

const style = `
:root{color-scheme:light dark;font:16px/1.6 system-ui,sans-serif;--ink:#14211e;--soft:#4d5b56;--sheet:#fff;--line:#c5cdc8;--accent:#006558}
@media (prefers-color-scheme:dark){:root{--ink:#e7ecea;--soft:#a9b5b0;--sheet:#0f1715;--line:#3a4743;--accent:#7fc8b9}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--sheet);color:var(--ink)}
main{max-width:34rem;padding:2rem;box-sizing:border-box}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}
p{color:var(--soft);margin:.5rem 0}
code{display:block;margin:1rem 0;padding:.75rem 1rem;border:1px solid var(--line);border-radius:8px;overflow-wrap:anywhere;font-size:.875rem}
a{display:inline-block;margin-top:1rem;padding:.6rem 1.2rem;border-radius:8px;background:var(--accent);color:var(--sheet);text-decoration:none;font-weight:500}
a:focus-visible{outline:3px solid currentColor;outline-offset:2px}
`;

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** What about an address deserves a second look before it is opened. */
const doubtsOf = (url: URL): string[] => [
  ...(url.protocol === 'http:' ? ['The connection to it is not encrypted.'] : []),
  ...(/(^|\.)xn--/.test(url.hostname)
    ? ['Its name has letters of other scripts, which may look like another name.']
    : []),
  ...(/^[\d.]+$|^\[/.test(url.hostname) ? ['It is an address by number, without a name.'] : []),
  ...(url.username !== '' ? [`What stands before the @ is no name: it leads to ${url.hostname}.`] : []),
];

const page = (url: URL): string => {
  const doubts = doubtsOf(url);
  const title = `This link leads to ${url.host}`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer"><title>${escapeHtml(title)}</title><style>${style}</style></head><body><main><h1>${escapeHtml(title)}</h1>${
    doubts.length === 0 ? '<p>It opens in a moment.</p>' : doubts.map((doubt) => `<p>${escapeHtml(doubt)}</p>`).join('')
  }<code>${escapeHtml(url.href)}</code><a href="${escapeHtml(url.href)}" rel="noreferrer noopener">Open ${escapeHtml(url.host)}</a></main></body></html>`;
};

/**
 * `GET /out?u=…&sig=…`: the page between a mail and the web. It shows where the link leads and goes on by itself, unless
 * something about the address deserves a second look. Only addresses that a mail document of ours held are shown.
 */
export const outRoutes = (links: Links): Routes => {
  const routes = newRoutes();
  routes.get('/', (c) => {
    const href = c.req.query('u') ?? '';
    if (!links.isOut(href, c.req.query('sig') ?? '') || !URL.canParse(href)) throw notFound();
    const url = new URL(href);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw notFound();
    const onward = doubtsOf(url).length === 0 ? { Refresh: `1; url=${url.href}` } : {};
    return new Response(page(url), {
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': policy,
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cache-Control': 'private, no-store',
        ...onward,
      },
    });
  });
  return routes;
};
