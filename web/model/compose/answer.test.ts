import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobId, EmailId, IdentityId, MailboxId, UTCDate } from '#jmap/ids.ts';
import type { Identity } from '#jmap/mail.ts';
import { answer, answerSubject, type Original } from './answer.ts';
import { emptyLetter, htmlOf, isBlank, warnings } from './letter.ts';
import { newEmail } from './new-email.ts';
import { plainOf } from './plain.ts';

const identity = (id: string, email: string, signature = ''): Identity => ({
  id: id as IdentityId,
  name: 'Ada',
  email,
  replyTo: null,
  bcc: null,
  textSignature: signature,
  htmlSignature: '',
  mayDelete: true,
});
const mine = [identity('I1', 'ada@lindqvist.example', 'Ada Lindqvist'), identity('I2', 'club@ruder.example')];
const address = (email: string, name: string | null = null) => ({ name, email });

const original: Original = {
  id: 'M1' as EmailId,
  messageId: ['three@x'],
  inReplyTo: ['two@x'],
  references: ['one@x', 'two@x'],
  from: [address('margit@arkitekt.example', 'Margit Sørensen')],
  replyTo: null,
  to: [address('Club@ruder.example'), address('asa@berg.example', 'Åsa Berg')],
  cc: [address('margit@arkitekt.example'), address('jonas@ek.example')],
  bcc: null,
  subject: 'Re: Floor plan',
  sentAt: null,
  receivedAt: '2026-11-03T16:20:00Z' as UTCDate,
  attachments: [],
  text: 'Hello,\n> older\nbye\n',
  html: '<p>Hello</p>',
};

test('an answer goes to the author, as the identity that was reached', () => {
  const letter = answer(original, 'reply', mine, '3 Nov 16:20');
  assert.deepEqual(
    letter.to.map((each) => each.email),
    ['margit@arkitekt.example'],
  );
  assert.deepEqual(letter.cc, []);
  assert.equal(letter.identityId, 'I2');
  assert.equal(letter.subject, 'Re: Floor plan');
  assert.deepEqual(letter.inReplyTo, ['three@x']);
  assert.deepEqual(letter.references, ['one@x', 'two@x', 'three@x']);
});

test('an answer to all reaches everybody once, and never oneself', () => {
  const letter = answer(original, 'replyAll', mine, 'x');
  assert.deepEqual(
    letter.cc.map((each) => each.email),
    ['asa@berg.example', 'jonas@ek.example'],
  );
});

test('an answer to all goes where its author wants it, if anywhere (Mail-Followup-To)', () => {
  const followUpTo = [address('list@x.example'), address('club@ruder.example')];
  const letter = answer({ ...original, followUpTo }, 'replyAll', mine, 'x');
  assert.deepEqual([letter.to.map((e) => e.email), letter.cc], [['list@x.example'], []]);
  assert.deepEqual(
    answer({ ...original, followUpTo }, 'reply', mine, 'x').to.map((e) => e.email),
    ['margit@arkitekt.example'],
  );
});

test("Reply-To wins over From; a letter of one's own is answered to its recipients", () => {
  assert.deepEqual(
    answer({ ...original, replyTo: [address('list@x.example')] }, 'reply', mine, 'x').to.map((e) => e.email),
    ['list@x.example'],
  );
  assert.deepEqual(
    answer({ ...original, from: [address('ada@lindqvist.example')] }, 'reply', mine, 'x').to.map((e) => e.email),
    ['Club@ruder.example', 'asa@berg.example'],
  );
});

test('G17 an address with + and more is that of its mailbox', () => {
  const reached = (email: string): Original => ({ ...original, to: [address(email), address('asa@berg.example')] });
  const plus = [...mine, identity('I3', 'club+boats@ruder.example')];
  assert.equal(answer(reached('club+regatta@ruder.example'), 'reply', plus, 'x').identityId, 'I2');
  assert.equal(answer(reached('Club+Boats@ruder.example'), 'reply', plus, 'x').identityId, 'I3');
  assert.deepEqual(
    answer(reached('ada+x@lindqvist.example'), 'replyAll', mine, 'x').cc.map((each) => each.email),
    ['asa@berg.example', 'jonas@ek.example'],
  );
  assert.deepEqual(
    answer({ ...original, from: [address('ada+x@lindqvist.example')] }, 'reply', mine, 'x').to.map((e) => e.email),
    ['Club@ruder.example', 'asa@berg.example'],
  );
  // Of others each is an address of its own.
  const bugs = [address('bugs@x.example'), address('bugs+1@x.example')];
  assert.deepEqual(answer({ ...original, to: bugs, cc: null }, 'replyAll', mine, 'x').cc, bugs);
});

test('E34 prefixes of other languages do not heap up either', () => {
  for (const prefix of [
    '回复：',
    '答复: ',
    'Отв: ',
    'Ответ: ',
    'ΑΠ: ',
    'رد: ',
    'YNT: ',
    'Re(2): ',
    '返信: Re: AW[3]：',
  ])
    assert.equal(answerSubject(`${prefix}Boats`, 'reply'), 'Re: Boats', prefix);
  for (const prefix of ['转发: ', 'Пер: ', 'RV: ENC: ', 'FW：'])
    assert.equal(answerSubject(`${prefix}Boats`, 'forward'), 'Fwd: Boats', prefix);
  assert.equal(answerSubject('Ответственность: что дальше', 'reply'), 'Re: Ответственность: что дальше');
});

test('subjects do not heap up prefixes', () => {
  assert.equal(answerSubject('AW: Re: RE[2]: Boats', 'reply'), 'Re: Boats');
  assert.equal(answerSubject('Fwd: WG: Boats', 'forward'), 'Fwd: Boats');
  assert.equal(answerSubject(null, 'reply'), 'Re:');
  assert.equal(answerSubject('Regatta', 'reply'), 'Re: Regatta');
});

test('a forwarded letter brings its attachments and names what it forwards', () => {
  const part = {
    partId: '2',
    blobId: 'G1_2' as BlobId,
    size: 5,
    headers: [],
    name: 'a.pdf',
    type: 'application/pdf',
    charset: null,
    disposition: 'attachment',
    cid: null,
    language: null,
    location: null,
    subParts: null,
  };
  const letter = answer({ ...original, attachments: [part] }, 'forward', mine, '3 Nov');
  assert.deepEqual(letter.to, []);
  assert.equal(letter.forwards, 'three@x');
  assert.deepEqual(letter.inReplyTo, []);
  assert.equal(letter.attachments[0]?.upload.at, 'ready');
  const email = newEmail(letter, mine[0] ?? null, 'B1' as MailboxId);
  assert.equal(email.bodyStructure?.type, 'multipart/mixed');
  assert.match(
    email.bodyValues?.['text']?.value ?? '',
    /Forwarded message -+\nFrom: Margit Sørensen <margit@arkitekt.example>/,
  );
  assert.deepEqual(email['header:X-Forwarded-Message-Id:asMessageIds'], ['three@x']);
});

test('E27 what is sent is what was written, the signature, and the original unchanged below', () => {
  const letter = {
    ...answer(original, 'reply', mine, '3 Nov 16:20'),
    html: '<div>Yes, <b>please</b>.</div>',
    identityId: 'I1' as IdentityId,
  };
  const email = newEmail(letter, mine[0] ?? null, 'B1' as MailboxId);
  assert.equal(
    email.bodyValues?.['text']?.value,
    'Yes, please.\n\n-- \nAda Lindqvist\n\nOn 3 Nov 16:20, Margit Sørensen wrote:\n> Hello,\n>> older\n> bye',
  );
  const html = email.bodyValues?.['html']?.value ?? '';
  assert.ok(html.startsWith('<div><div>Yes, <b>please</b>.</div></div>'));
  assert.ok(
    html.includes(
      '<blockquote type="cite" dir="auto" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"><p>Hello</p></blockquote>',
    ),
  );
  const plain = { ...letter, quote: letter.quote && { ...letter.quote, text: 'one  two\n\u05d0', html: null } };
  const quoted = newEmail(plain, null, 'B1' as MailboxId).bodyValues?.['html']?.value ?? '';
  assert.ok(
    quoted.includes(
      '<div style="white-space: pre-wrap"><div dir="auto">one  two</div><div dir="auto">\u05d0</div></div></blockquote>',
    ),
  );
});

test('plain mode sends text/plain alone', () => {
  const email = newEmail(
    { ...emptyLetter, mode: 'plain', text: 'a < b', subject: 's' },
    mine[1] ?? null,
    'B1' as MailboxId,
  );
  assert.deepEqual(email.bodyStructure, { partId: 'text', type: 'text/plain' });
  assert.equal(email.bodyValues?.['text']?.value, 'a < b');
});

test('plain text survives the way to HTML and back', () => {
  for (const text of ['one\n\ntwo', 'a < b & "c"', '  x', ''])
    assert.equal(plainOf(htmlOf(text)).trimEnd(), text.trimEnd());
});

test('E22 what is quoted in the text is quoted in plain text; line ends of HTML are blanks', () => {
  const texts = {
    '<div>Yes</div><div><br></div><div>On 3 Nov, M wrote:</div><blockquote type="cite"><p>one</p><blockquote><p>two<br>three</p></blockquote>four</blockquote><div>bye</div>':
      'Yes\n\nOn 3 Nov, M wrote:\n> one\n>> two\n>> three\n> four\nbye',
    '<p>Hello\n   you <b>all</b>\n<i>there</i></p>\n<p>two</p>\n': 'Hello you all there\ntwo',
    '<pre>a\n  <b>b</b>\n</pre>c': 'a\n  b\n\nc',
    '<a title="a > b" href="https://x.example/">here</a>': 'here <https://x.example/>',
    '<ul><li>a</li><li>b</li></ul>': '- a\n- b',
    '<blockquote><div><br></div></blockquote>': '',
  };
  assert.deepEqual(Object.keys(texts).map(plainOf), Object.values(texts));
});

test('one is warned of a bad address, a forgotten file and a crowd', () => {
  const letter = {
    ...emptyLetter,
    text: 'The plan is attached.',
    mode: 'plain' as const,
    to: [address('crew@ruder'), address('a@b.example')],
  };
  assert.deepEqual(
    warnings(letter).map((each) => each.kind),
    ['address', 'attachment'],
  );
  assert.deepEqual(
    warnings({ ...letter, text: '', to: Array.from({ length: 25 }, (_, i) => address(`a${i}@b.example`)) }).map(
      (each) => each.kind,
    ),
    ['many'],
  );
  assert.deepEqual(warnings({ ...letter, to: [], text: 'Thanks!\n> The plan is attached.' }), []);
  assert.ok(isBlank(emptyLetter) && !isBlank(letter));
});
