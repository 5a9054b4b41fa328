import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EmailId, IdentityId, MailboxId, UTCDate } from '#jmap/ids.ts';
import type { EmailBodyPart, Identity } from '#jmap/mail.ts';
import { answer, type Original } from './answer.ts';
import { emptyLetter, type Letter } from './letter.ts';
import { newEmail } from './new-email.ts';
import { reopened } from './reopen.ts';

const identity: Identity = {
  id: 'I1' as IdentityId,
  name: 'Alice',
  email: 'alice@x.example',
  replyTo: null,
  bcc: null,
  textSignature: 'Alice Ames\nRowing club',
  htmlSignature: '',
  mayDelete: false,
};
const bare = { ...identity, textSignature: '' };

const nothing: Original = {
  id: 'M1' as EmailId,
  messageId: ['one@x.example'],
  inReplyTo: null,
  references: null,
  from: [{ name: 'Alice', email: 'alice@x.example' }],
  replyTo: null,
  to: null,
  cc: null,
  bcc: null,
  subject: 'Boats',
  sentAt: null,
  receivedAt: '2026-11-03T16:20:00Z' as UTCDate,
  attachments: [],
  text: 'Hello,\n\nOn Friday she wrote:\n> a quote of her own\n\nbye',
  html: null,
};

/** What the server gives back of a letter that it keeps. */
const kept = (letter: Letter, as = identity): Original => {
  const email = newEmail(letter, as, 'B1' as MailboxId);
  return {
    ...nothing,
    inReplyTo: [...letter.inReplyTo],
    forwards: letter.forwards,
    text: email.bodyValues?.['text']?.value ?? '',
    html: email.bodyValues?.['html']?.value ?? null,
  };
};

const plain = (text: string): Letter => ({ ...emptyLetter, mode: 'plain', text });
const byHand = 'Hello\n\n-- \nAlice by hand\nPhone 123';

test('E3 what stands below two dashes is the signature only if it is one of ours', () => {
  for (const each of [identity, bare]) assert.equal(reopened(kept(plain(byHand), each), [each]).letter.text, byHand);
  assert.equal(reopened(kept(plain('Hello')), [identity]).letter.text, 'Hello');
  assert.equal(reopened(kept(plain('Hello')), [bare]).letter.text, 'Hello\n\n-- \nAlice Ames\nRowing club');
});

test('E3 lines that look like a quote are text in a letter that answers nothing', () => {
  for (const text of ['On Monday I wrote:\nCome!\n\nAnd now?', 'On Monday I wrote:\n> Come!', nothing.text]) {
    const { letter } = reopened(kept(plain(text)), [identity]);
    assert.deepEqual([letter.text, letter.quote], [text, null]);
  }
});

test('E3 the quote of an answer is told from words of its own that look like one', () => {
  const made = answer(nothing, 'reply', [bare], '3 Nov 16:20');
  const text = 'On Monday I wrote:\n> Come!\n\nDid you?';
  const { letter } = reopened(kept({ ...made, mode: 'plain', text }), [identity]);
  assert.equal(letter.text, text);
  assert.match(letter.quote?.text ?? '', /^On 3 Nov 16:20, Alice wrote:\n> Hello,\n>/u);
  assert.equal(kept(letter).text, kept({ ...made, mode: 'plain', text }).text);
});

test('E3 a forwarded letter stays one', () => {
  const made = answer(nothing, 'forward', [identity], '3 Nov');
  const { letter } = reopened(kept({ ...made, mode: 'plain', text: 'See below' }), [identity]);
  assert.equal(letter.text, 'See below');
  assert.match(letter.quote?.text ?? '', /^-+ Forwarded message -+\nFrom: Alice/u);
  assert.equal(letter.forwards, 'one@x.example');
});

test('E3 who gets a blind copy of every letter of an identity is named once', () => {
  const copied = { ...identity, bcc: [{ name: null, email: 'Archive@x.example' }] };
  const { bcc } = newEmail(emptyLetter, copied, 'B1' as MailboxId);
  const { letter } = reopened({ ...nothing, bcc: bcc ?? null }, [copied]);
  assert.deepEqual(newEmail(letter, copied, 'B1' as MailboxId).bcc, copied.bcc);
});

test('E3 a letter with HTML is taken apart and put together the same', () => {
  for (const kind of ['reply', 'forward'] as const) {
    const made = {
      ...answer({ ...nothing, html: '<p>Hello</p>' }, kind, [identity], '3 Nov 16:20'),
      html: '<div>On Monday I wrote:</div><div>Come!</div>',
    };
    const { letter, raw } = reopened(kept(made), [identity]);
    assert.equal(letter.html, made.html);
    assert.match(raw ?? '', /^<div class="postern_quote">/u);
    const again = kept({ ...letter, quote: letter.quote && { ...letter.quote, html: raw } });
    assert.deepEqual([again.text, again.html], [kept(made).text, kept(made).html]);
  }
});

test('E11 what a draft does not show is a file of it; an image of ours that was taken out is none', () => {
  const part = (cid: string): EmailBodyPart =>
    ({
      type: 'image/png',
      name: cid,
      cid,
      disposition: 'inline',
      blobId: 'G1',
      size: 3,
    }) as Partial<EmailBodyPart> as EmailBodyPart;
  const attachments = ['in@postern', 'out@postern', 'plan@apple'].map(part);
  const { letter } = reopened({ ...nothing, attachments, html: '<div><img src="cid:in@postern"></div>' }, [identity]);
  assert.deepEqual(
    letter.attachments.map(({ name, cid }) => [name, cid]),
    [
      ['in@postern', 'in@postern'],
      ['plan@apple', null],
    ],
  );
});
