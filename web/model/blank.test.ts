import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBlankMessage } from './blank.ts';
import type { EmailBody } from './types.ts';

const message = (html: string | null, more: object = {}): EmailBody =>
  ({
    htmlBody: [{ partId: '1', type: 'text/html', size: html?.length ?? 9, ...more }],
    bodyValues: html === null ? {} : { 1: { value: html, isTruncated: false, isEncodingProblem: false } },
  }) as unknown as EmailBody;

test('C7 an HTML message without anything to see is blank', () => {
  for (const html of [
    '',
    '<html><head><title>Words</title><style>p { color: red }</style></head><body><p>&nbsp;</p><br></body></html>',
    '<!-- a remark --><div>\u00a0</div>',
  ])
    assert.equal(isBlankMessage(message(html)), true, html);
  assert.equal(isBlankMessage(message(null, { size: 0 })), true);
});

test('C7 words, pictures, and what is not known are not blank', () => {
  for (const html of ['<p>x</p>', '<img src="cid:a">', '<td background="a.png">', '<hr>', '&amp;'])
    assert.equal(isBlankMessage(message(html)), false, html);
  assert.equal(isBlankMessage(message(null)), false);
  assert.equal(isBlankMessage(message('', { type: 'image/png' })), false);
});

test('C7 W22 what is not closed shows nothing, and is read once', () => {
  assert.equal(isBlankMessage(message('<p>&nbsp;</p><!-- and so on')), true);
  assert.equal(isBlankMessage(message('<style>p { color: red }')), true);
  for (const run of ['<', '<a ', '<style>', '<!--'])
    assert.equal(isBlankMessage(message(run.repeat(500_000 / run.length))), run.length > 3, run);
});
