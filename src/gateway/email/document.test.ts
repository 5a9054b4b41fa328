import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../fixture.ts';

test('S2 S3 S7 mailDocument: sanitised, inline images through `part`, remote ones blocked', async () => {
  using g = openTestGateway();
  const html =
    '<p onclick="x()">Hi</p><script>alert(1)</script><img src="cid:logo"><img src="https://track.example/p.gif">';
  const id = g.deliver(
    `Subject: hi\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n${html}\n--r\nContent-Type: image/png\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--r--\n`,
  );
  const options = {
    remoteImages: false,
    dark: false,
    part: (section: string) => `/mail/img/${section}`,
    link: (href: string) => href,
    measure: null,
  };
  const document = await g.gateway.mailDocument(g.caller, g.accountId, id, options);
  assert.ok(document);
  assert.doesNotMatch(document.html, /script|onclick|track\.example/);
  assert.match(document.html, /\/mail\/img\/2/);
  assert.equal(document.blockedImages, 1);
  const plain = g.deliver('Subject: plain\n\nonly text');
  assert.equal(await g.gateway.mailDocument(g.caller, g.accountId, plain, options), null);
});

test('S73 mailDocument: an HTML alternative that shows nothing gives way to the text', async () => {
  using g = openTestGateway();
  const shown = async (html: string): Promise<string> => {
    const id = g.deliver(
      `Subject: hi\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nwords & <b>\n--a\nContent-Type: text/html\n\n${html}\n--a--\n`,
    );
    const document = await g.gateway.mailDocument(g.caller, g.accountId, id, {
      remoteImages: false,
      dark: false,
      part: () => '',
      link: (href: string) => href,
      measure: null,
    });
    return document?.html ?? '';
  };
  for (const html of ['', '<html><head><title>T</title></head><body><p>&nbsp;</p></body></html>', '<!-- x -->'])
    assert.match(await shown(html), /words &#x26; &#x3C;b>/u, html);
  for (const html of ['<p>other</p>', '<img src="https://a.example/p.png">', '<hr>'])
    assert.doesNotMatch(await shown(html), /words/u, html);
});
