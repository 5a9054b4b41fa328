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
