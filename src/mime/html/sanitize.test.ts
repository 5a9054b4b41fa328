import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { contrast, fromOklch, parseColour, toHex, toOklch } from './colour.ts';
import { bandStep, mailDocument, measuredHeight } from './document.ts';
import { mailHeaders } from './headers.ts';
import { isDesigned, NIGHT, recolour } from './night.ts';
import { sanitizeMail, type SanitizeOptions } from './sanitize.ts';

const makers: SanitizeOptions = {
  image: () => null,
  cid: (cid) => `/part/${encodeURIComponent(cid)}`,
  link: (href) => `/out?u=${encodeURIComponent(href)}`,
};
const inner = (html: string, options: Partial<SanitizeOptions> = {}): string =>
  sanitizeMail(html, { ...makers, ...options }).html.replace(/^<div class="postern-mail">|<\/div>$/g, '');

test('S1–S6 what a mail needs is kept', () => {
  const cases: [html: string, expected: string][] = [
    ['<p>Hello <b>you</b> &amp; me</p>', '<p>Hello <b>you</b> &#x26; me</p>'],
    [
      '<a href="https://example.org/?a=1&b=2" title=t>x</a>',
      '<a href="/out?u=https%3A%2F%2Fexample.org%2F%3Fa%3D1%26b%3D2" rel="noopener noreferrer" target="_blank" title="t">x</a>',
    ],
    ['<a href="#top">up</a><p id=top>', '<a href="#m-top">up</a><p id="m-top"></p>'],
    ['<a href="relative">x</a>', '<a>x</a>'],
    ['<img src="cid:a@b" width=20 alt=pic>', '<img alt="pic" src="/part/a%40b" width="20">'],
    ['<font color=red size=5 face=Arial>x</font>', '<font color="red" face="Arial" size="5">x</font>'],
    [
      '<table border=1 cellpadding=3><tr><td colspan=2 nowrap align=right>x',
      '<table border="1" cellpadding="3"><tbody><tr><td align="right" colspan="2" nowrap>x</td></tr></tbody></table>',
    ],
    [
      '<p style="COLOR: red; margin:0 auto!important; position:absolute">x',
      '<p style="color:red;margin:0 auto!important">x</p>',
    ],
    [
      '<style>p{color:red} .a,body .b{margin:0}@media(max-width:600px){.a{width:100%!important}}</style><p class=a>x',
      '<style>.postern-mail p{color:red}\n.postern-mail .a,.postern-mail .b{margin:0}\n@media (max-width:600px){.postern-mail .a{width:100%!important}\n}\n</style><p class="a">x</p>',
    ],
    ['<form>Name <input name=a><button>Go</button></form>', 'Name Go'],
    ['<svg><text>drawn</text></svg><math><mi>x</mi></math>', 'drawnx'],
    [
      '<h1>A</h1><ul><li>b</ul><pre> c\n</pre><blockquote type=cite>d</blockquote><hr>',
      '<h1>A</h1><ul><li>b</li></ul><pre> c\n</pre><blockquote type="cite">d</blockquote><hr>',
    ],
  ];
  for (const [html, expected] of cases) assert.equal(inner(html), expected, html);
});

test('S7 images of others are counted and left out, or go where the caller says', () => {
  const mail =
    '<img src="http://a.test/1"><img src="http://a.test/1"><img src="https://b.test/2"><div style="background:url(http://c.test/3)">';
  assert.equal(sanitizeMail(mail, makers).blockedImages, 3);
  const shown = sanitizeMail(mail, { ...makers, image: (url) => `/proxy/${Buffer.from(url).toString('base64url')}` });
  assert.equal(shown.blockedImages, 0);
  assert.equal(shown.html.split('/proxy/').length - 1, 4);
});

test('S6 any markup is sanitised to a fixed point', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<p>',
      '<table>',
      '<tr>',
      '<td>',
      '<a href=http://x.test>',
      '</a>',
      '<b>',
      '</p>',
      '<svg>',
      '<style>',
      '</style>',
      '<select>',
      '<template>',
      '<form>',
      '<math>',
      '<title>',
      '<!--',
      '-->',
      '<li>',
      '<pre>\n',
      'a{color:red}',
      '&lt;',
      '<img src=cid:x>',
      '<details>',
      '<h1>',
      '<button>',
      '<option>',
      '<body bgcolor=red>',
      '<ruby>',
      '<rt>',
      '<caption>',
    ),
    fc.string({ maxLength: 5 }),
  );
  const same: SanitizeOptions = {
    image: (url) => url,
    cid: (cid) => `https://x.test/${encodeURIComponent(cid)}`,
    link: (href) => href,
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25, size: 'max' }), (pieces) => {
      const once = sanitizeMail(pieces.join(''), same).html;
      assert.equal(sanitizeMail(once, same).html, once);
    }),
    { numRuns: 400 },
  );
});

const fold = (html: string): string => inner(html, { foldQuotes: 'More' });

test('Q1–Q4 the quoted tail is folded by structure, and only when nothing follows', () => {
  const folded = /<details class="postern-quote"><summary>More<\/summary>/;
  const yes = [
    '<p>Yes</p><div class="gmail_quote"><div class="gmail_attr">On Monday Ana wrote:</div><blockquote>old</blockquote></div>',
    '<div>Yes</div><br><blockquote type="cite">old</blockquote><br>',
    '<div>Yes<div class="moz-cite-prefix">Am Montag schrieb Ana:</div><blockquote type="cite">old</blockquote></div>',
    '<div>Yes</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Ana</div><div>old</div>',
    '<p>Yes</p>-----Original Message-----<br>From: Ana<br>old',
    '<div><div>Yes</div><div class="yahoo_quoted"><div>old</div></div></div>',
  ];
  const no = [
    '<blockquote type="cite">question</blockquote><p>answer</p>',
    '<div class="gmail_quote">nothing before</div>',
    '<p>See</p><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------</div>text</div>',
    '<p>a</p><blockquote>a quotation that is the point</blockquote>',
    '<p>One</p><blockquote type="cite">a</blockquote><p>Two</p><blockquote type="cite">b</blockquote><p>Three</p>',
  ];
  for (const html of yes) assert.match(fold(html), folded, html);
  for (const html of no) assert.doesNotMatch(fold(html), folded, html);
  const attributed = fold('<p>Yes</p><div>On 3 May 2024, Ana wrote:</div><blockquote type="cite">old</blockquote>');
  assert.match(attributed, /<p>Yes<\/p><details[^>]*><summary>More<\/summary><div>On 3 May/);
  assert.match(
    fold('<p>A</p><blockquote type="cite">a</blockquote><p>B</p><blockquote type="cite">b</blockquote>'),
    /<blockquote type="cite">a<\/blockquote><p>B<\/p><details/,
  );
});

test('S5 no selector reaches what stands beside the mail', () => {
  const sheet = (css: string): string => inner(`<style>${css}</style>`).replace(/^<style>|\n?<\/style>$/g, '');
  const dropped = [
    'body ~ *',
    'BODY~*',
    'body + *',
    'html ~ i',
    ':root + div',
    ':root:hover ~ *',
    'body.a#b[c]:hover ~ * p',
    'html > body ~ *',
    '~ *',
    '+ *',
    '> p',
    '.postern-mail ~ *',
    '.postern-mail ~ .postern-rest',
    '.postern-mail:first-child + *',
    'body/deep/p',
    'body/**/div p',
    'body:is(*) ~ *',
    ':is(body) ~ *',
    ':where(body) + *',
    'body:not(p) ~ *',
    ':has(body) ~ *',
    '& ~ *',
    'body & ~ *',
    ':scope ~ *',
    '.postern-rest',
    '.postern-rest > i',
    '.postern-mailx ~ *',
    'p:nth-child(1 of .postern-rest)',
  ];
  for (const one of dropped) assert.equal(sheet(`${one}{color:red}`), '', one);
  assert.equal(sheet('html .x ~ i, body ~ i{color:red}'), '.postern-mail .x~i{color:red}');
  const kept: [css: string, expected: string][] = [
    ['body > p ~ p', '.postern-mail>p~p'],
    ['html body p + p', '.postern-mail p+p'],
    ['html>body.a p', '.postern-mail.a p'],
    [':root', '.postern-mail'],
    ['body:hover p', '.postern-mail:hover p'],
    ['bodyx ~ p', '.postern-mail bodyx~p'],
    ['.body ~ p', '.postern-mail .body~p'],
    ['.postern-mail p ~ p', '.postern-mail p~p'],
    ['.postern-mail', '.postern-mail'],
    ['p:nth-child(2 of body ~ *)', '.postern-mail p:nth-child(2 of body~*)'],
  ];
  for (const [one, expected] of kept) assert.equal(sheet(`${one}{color:red}`), `${expected}{color:red}`, one);
  assert.equal(
    sheet('body{color:red;~ *{display:none}& + *{display:none}@media all{~ *{display:none}}}'),
    '.postern-mail{color:red}',
  );
  assert.equal(sheet('body ~ *,p{color:red}'), '.postern-mail p{color:red}');
});

test('S9 a mail has no class of ours', () => {
  assert.equal(inner('<p class="a postern-rest b">x'), '<p class="a b">x</p>');
  assert.equal(
    inner('<i class="postern-wide postern-quote"><img class=postern-mail width=9>'),
    '<i><img width="9"></i>',
  );
  assert.match(sanitizeMail('<body class="postern-x a">x', makers).html, /^<div class="a postern-mail">/);
  assert.match(
    fold('<p class=postern-quote>Yes</p><div class="yahoo_quoted">old</div>'),
    /^<p>Yes<\/p><details class="postern-quote">/,
  );
  assert.match(inner('<img class="a postern-wide" src=cid:x>'), /class="a postern-wide"/);
});

test('S8 styles beyond a budget are left out, those before them stay', () => {
  const sheet = (i: number): string => `<style>.a${i}{color:red}${' '.repeat(150_000)}</style>`;
  const sheets = inner([1, 2, 3, 4].map(sheet).join(''));
  assert.equal(sheets, '<style>.postern-mail .a1{color:red}\n.postern-mail .a2{color:red}\n</style>');
  const styled = inner(
    Array.from({ length: 60 }, (_, i) => `<b style="width:${i}px;${' '.repeat(18_000)}"></b>`).join(''),
  );
  assert.ok(styled.includes('width:54px') && !styled.includes('width:56px'));
});

test('S8 addresses of any length, and much before a table', () => {
  for (const html of [
    `<a href="x${' '.repeat(3_000_000)}x">x</a>`,
    `<img src="x${'\x01'.repeat(3_000_000)}x">`,
    `<table>${'<br>'.repeat(49_000)}`,
    `<table>${'x<i></i>'.repeat(24_000)}`,
  ])
    assert.ok(sanitizeMail(html, makers).html.length > 0);
});

test('S8 what is no tree to be handled is shown as the beginning of its text', () => {
  for (const before of ['<b></b>'.repeat(51_000), '<!-- -->'.repeat(301_000)]) {
    const { html } = sanitizeMail(`${before}<p>${'x '.repeat(500_000)}`, makers);
    assert.match(html, /^<div class="postern-mail"><pre>x x x /);
    assert.equal(html.length, 200_000 + '<div class="postern-mail"><pre></pre></div>'.length);
  }
  assert.match(inner('<'.repeat(4_000_000)), /^<pre>(?:&lt;)+<\/pre>$/);
});

const look = (html: string, theme: SanitizeOptions['theme'] = 'dark'): string =>
  sanitizeMail(html, { ...makers, theme }).look;

test('N1–N4 the night ladder', () => {
  assert.equal(look('<p>plain</p>', 'light'), 'day');
  assert.equal(look('<p style="color:#333;background:#fff">simple</p>'), 'recoloured');
  assert.equal(look('<meta name="color-scheme" content="light dark"><p>own</p>'), 'own-dark');
  assert.equal(look('<style>@media (prefers-color-scheme: dark){p{color:#fff}}</style><p>own</p>'), 'own-dark');
  assert.equal(look('<style>:root{color-scheme:light dark}</style><p>own</p>'), 'own-dark');
  assert.equal(look('<table bgcolor="#003366"><tr><td>designed</table>'), 'paper');
  assert.equal(look('<p style="background:#fffff0">nearly white</p>'), 'recoloured');
  assert.equal(look('<p style="background:#ffff99">as light, and yellow</p>'), 'paper');
  assert.equal(look('<p style="background:#e0e0e0">grey</p>'), 'paper');
  assert.equal(look('<div style="background-image:url(http://a.test/b.png)">designed</div>'), 'paper');
  assert.equal(look('<p>plain</p>', 'paper'), 'paper');
  const dark = sanitizeMail('<style>p{color:#000}@media (prefers-color-scheme: dark){p{color:#fff}}</style><p>x', {
    ...makers,
    theme: 'dark',
  });
  assert.match(dark.html, /@media \(min-width:0px\)\{\.postern-mail p\{color:#fff\}/);
  const light = sanitizeMail('<style>@media (prefers-color-scheme: dark){p{color:#fff}}</style><p>x', {
    ...makers,
    theme: 'light',
  });
  assert.ok(!light.html.includes('#fff'));
});

test('N5 recoloured text has 4.5:1 on the sheet and on every recoloured background; its hue stays', () => {
  const channel = fc.integer({ min: 0, max: 255 });
  const sheet = parseColour(NIGHT.sheet);
  const raised = parseColour(recolour({ r: 0.93, g: 0.93, b: 0.93, alpha: 1 }, 'background'));
  const white = { r: 1, g: 1, b: 1, alpha: 1 };
  assert.ok(sheet !== null && raised !== null);
  fc.assert(
    fc.property(channel, channel, channel, (r, g, b) => {
      const colour = { r: r / 255, g: g / 255, b: b / 255, alpha: 1 };
      const made = parseColour(recolour(colour, 'text'));
      assert.ok(made !== null);
      if (contrast(colour, white) < 1.25) assert.equal(toHex(made), NIGHT.sheet);
      else {
        assert.ok(contrast(made, sheet) >= 4.5, toHex(made));
        assert.ok(contrast(made, raised) >= 4.5, toHex(made));
      }
    }),
  );
});

test('N5 on every background of a simple mail', () => {
  const pale = fc.tuple(
    fc.double({ min: 0.85, max: 1, noNaN: true }),
    fc.double({ min: 0.85, max: 1, noNaN: true }),
    fc.double({ min: 0.6, max: 1, noNaN: true }),
  );
  const backgrounds = pale.map(([r, g, b]) => ({ r, g, b, alpha: 1 })).filter((colour) => !isDesigned(colour));
  fc.assert(
    fc.property(
      backgrounds,
      fc.constantFrom('#000', '#333', '#777', 'blue', 'red', 'green', '#999'),
      (colour, text) => {
        const back = parseColour(recolour(colour, 'background'));
        const front = parseColour(recolour(parseColour(text) ?? colour, 'text'));
        assert.ok(back !== null && front !== null && contrast(back, front) >= 4.5, `${toHex(colour)} ${text}`);
      },
    ),
    { numRuns: 1000 },
  );
});

test('colours: parsed as CSS does, and there and back through OKLCH', () => {
  assert.equal(toHex(parseColour('rebeccapurple') ?? { r: 0, g: 0, b: 0, alpha: 1 }), '#663399');
  assert.equal(toHex(parseColour('rgb(255 0 0 / 50%)') ?? { r: 0, g: 0, b: 0, alpha: 1 }), '#ff000080');
  assert.equal(toHex(parseColour('hsl(120, 100%, 25%)') ?? { r: 0, g: 0, b: 0, alpha: 1 }), '#008000');
  assert.equal(parseColour('currentcolor'), null);
  const hex = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, '0')}`);
  fc.assert(
    fc.property(hex, (text) => {
      const colour = parseColour(text);
      assert.ok(colour !== null);
      const back = fromOklch(toOklch(colour));
      for (const key of ['r', 'g', 'b'] as const) assert.ok(Math.abs(back[key] - colour[key]) < 0.01, text);
    }),
  );
});

test('D1 the document holds the mail unchanged, escapes the rest and needs nothing from outside', () => {
  const { html, look: day } = sanitizeMail('<p>x</p>', makers);
  const document = mailDocument(html, { title: '</title><script>1</script>', look: day, language: 'de"><script>' });
  assert.ok(document.includes(`<body>${html}</body>`));
  assert.ok(!document.includes('<script'));
  assert.ok(!/url\(|@import|https?:/.test(document));
  assert.throws(
    () => mailDocument(html, { title: '', look: day, measure: { path: '/m/x);y:url(z', frame: 100 } }),
    RangeError,
  );
});

test('H7 a band says the height to within one step', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 50_000 }), fc.nat(60_000), (frame, content) => {
      const step = bandStep(frame);
      const band = Math.floor(Math.max(0, frame - content) / step);
      const measured = measuredHeight(frame, band);
      if (measured === null) assert.ok(content > frame - step);
      else assert.ok(measured >= content && measured < content + step);
    }),
  );
});

test('D2 headers: opaque, silent, framed by the app only', () => {
  const headers = mailHeaders({
    app: 'https://mail.example.org/x',
    images: ['https://mail.example.org/mail/img/abc/', 'https://evil.test/; script-src *'],
  });
  assert.equal(
    headers['Content-Security-Policy'],
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https://mail.example.org/mail/img/abc/; form-action 'none'; base-uri 'none'; frame-ancestors https://mail.example.org",
  );
  assert.equal(
    headers['Connection-Allowlist'],
    '(response-origin "https://mail.example.org/mail/img/abc/*" "https://mail.example.org/out*")',
  );
  assert.match(mailHeaders({ app: 'https://a.test', images: [] })['Content-Security-Policy'] ?? '', /img-src 'none'/);
});
