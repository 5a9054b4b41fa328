import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { sanitizeMail, type SanitizeOptions } from './sanitize.ts';
import { allowedElements, globalAttributes, ownAttributes } from './schema.ts';

/** By kind; see the README beside it. */
const corpus: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/corpus/mime/html-attacks.json'), 'utf8'),
);
const attacks = Object.values(corpus as Record<string, string[]>).flat();

const MADE = 'https://app.test/made';
const makers: SanitizeOptions = {
  image: (url) => (url.startsWith(MADE) ? url : `${MADE}/image?u=${encodeURIComponent(url)}`),
  cid: (cid) => `${MADE}/cid/${encodeURIComponent(cid)}`,
  link: (href) => (href.startsWith(MADE) ? href : `${MADE}/out?u=${encodeURIComponent(href)}`),
};
const ready = attacks.map((one) =>
  one.replaceAll('FOREIGN', 'http://foreign.test').replaceAll('RUN', 'console.log(31337)'),
);

const urlAttributes = new Set(['href', 'src', 'background']);
const other = new Set(['style', 'id', 'name', 'role', 'target', 'rel', 'usemap']);

const checkStyle = (css: string, from: string): void => {
  assert.ok(
    !/[<\\]|@import|@font-face|expression|javascript|-moz-binding|behavior|position:|--/i.test(css),
    `${from} -> ${css}`,
  );
  for (const [, url] of css.matchAll(/url\(([^)]*)\)/gi))
    assert.ok(url?.replace(/["']/g, '').startsWith(MADE), `${from} -> ${css}`);
};

const checkElement = (node: DefaultTreeAdapterTypes.Element, from: string): void => {
  assert.equal(node.namespaceURI, 'http://www.w3.org/1999/xhtml', from);
  assert.ok(allowedElements.has(node.tagName), `${from} -> <${node.tagName}>`);
  for (const { name, value } of node.attrs) {
    const known =
      globalAttributes.has(name) ||
      ownAttributes.get(node.tagName)?.has(name) === true ||
      urlAttributes.has(name) ||
      other.has(name);
    assert.ok(known, `${from} -> ${name}`);
    if (urlAttributes.has(name))
      assert.ok(value.startsWith(MADE) || /^#m-[\w.:-]+$/.test(value), `${from} -> ${name}=${value}`);
    if (name === 'id' || name === 'name') assert.match(value, /^m-/);
    if (name === 'style') checkStyle(value, from);
  }
  if (node.tagName === 'style')
    checkStyle(node.childNodes.map((child) => ('value' in child ? child.value : '<')).join(''), from);
};

/** Everything in the body of a page that holds `html`. */
const checkAll = (html: string, from: string): void => {
  const document = parse(`<!doctype html><html><head></head><body>${html}</body></html>`, { scriptingEnabled: false });
  const walk = (node: DefaultTreeAdapterTypes.ParentNode, inBody: boolean): void => {
    for (const child of node.childNodes) {
      assert.notEqual(child.nodeName, '#comment', from);
      if (!('tagName' in child)) continue;
      if (inBody) checkElement(child, from);
      walk(child, inBody || child.tagName === 'body');
    }
  };
  walk(document, false);
};

test(`${attacks.length} attacks: only allowed elements, attributes and addresses of ours come out`, () => {
  assert.ok(attacks.length >= 200);
  for (const html of ready) checkAll(sanitizeMail(html, makers).html, html);
});

test('S6 sanitising what was sanitised changes nothing', () => {
  for (const html of ready) {
    const once = sanitizeMail(html, makers).html;
    const twice = sanitizeMail(once, makers).html;
    assert.ok(twice === once, `${html.slice(0, 200)}\n${once.slice(0, 500)}\n${twice.slice(0, 500)}`);
  }
});

test('S7 blocked images leave no address at all', () => {
  const blocking: SanitizeOptions = { ...makers, image: () => null, cid: () => null };
  for (const html of ready) assert.ok(!sanitizeMail(html, blocking).html.includes('foreign.test/i.png'), html);
  const { html, blockedImages } = sanitizeMail(
    '<img src="http://foreign.test/a"><table background="http://foreign.test/b"></table><p style="background:url(http://foreign.test/a)">',
    blocking,
  );
  assert.ok(!html.includes('foreign'));
  assert.equal(blockedImages, 2);
});

test('S8 enormous trees end as text, quickly', () => {
  const deep = sanitizeMail(`${'<div>'.repeat(100_000)}the end`, makers);
  assert.match(deep.html, /the end/);
  const wide = sanitizeMail(
    `${Array.from({ length: 4000 }, (_, i) => `<b id=${i}><p>`).join('')}the end<script>x</script>`,
    makers,
  );
  assert.match(wide.html, /the end/);
  assert.ok(!wide.html.includes('script'));
  checkAll(deep.html, 'deep');
  checkAll(wide.html, 'wide');
});

test('S8 a style sheet or attribute with faults beyond number is left out, so that none holds a thread up', () => {
  const red = 'p{color:red}';
  for (const fault of ['{}', '{b:c}', 'p{a:{b}}']) {
    assert.match(sanitizeMail(`<style>${fault.repeat(300)}${red}</style>`, makers).html, /color:red/);
    assert.doesNotMatch(sanitizeMail(`<style>${fault.repeat(301)}${red}</style>`, makers).html, /color:red/);
  }
  assert.match(sanitizeMail(`<p style="${'!;'.repeat(300)}color:red">`, makers).html, /color:red/);
  assert.doesNotMatch(sanitizeMail(`<p style="${'!;'.repeat(301)}color:red">`, makers).html, /color:red/);
});
