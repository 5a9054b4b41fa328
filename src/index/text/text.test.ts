import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addMailbox, found, openTestIndex, query } from '../fixture.ts';
import type { Envelope, Filter, Index, Uid } from '../types.ts';
import { foldForIndex, foldForQuery } from './fold.ts';
import { termsOf } from './match.ts';
import { markAll, markAround } from './snippet.ts';

type Is = Extract<Filter, { op: 'is' }>;

const subjects = [
  'Invoice for Naïve Café',
  'Re: the quick brown fox',
  'brown the quick',
  'Über die Straße',
  '会議の議事録について',
  '关于手机壳的报价 iPhone15手机',
  'รายงานการประชุมประจำเดือน',
  '회의록을 보내드립니다',
  'हिन्दी में संदेश',
  'party 🎉 tonight',
  "don't panic",
  'ＡＢＣ ｶﾀｶﾅ',
  'Привет, мир',
  '𠮷野家の牛丼',
];

const filled = (extra: Partial<Envelope>[] = []) => {
  const t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const envelopes = [...subjects.map((subject) => ({ subject })), ...extra];
  t.index.write((w) => {
    w.add(
      inbox,
      envelopes.map((envelope, i) => found(i + 1, { envelope: { from: [], to: [], ...envelope } })),
    );
  });
  return t;
};
const search = (index: Index, is: Omit<Is, 'op'>): string[] =>
  index
    .read((r) => r.emails(r.query(query({ filter: { op: 'is', ...is } })).ids).map(({ subject }) => subject))
    .reverse();

test('I35 I36 I39 what is found by what', () => {
  using t = filled();
  for (const [text, want] of Object.entries<number[]>({
    'naive cafe ': [0],
    'NAÏVE ': [0],
    invo: [0],
    'invo ': [],
    'quick brown': [1, 2],
    '"quick brown"': [1],
    "'the quick'": [1, 2],
    '"brown quick"': [],
    '"quick bro"': [],
    'brown qui': [1, 2],
    'uber strasse': [],
    'uber straße': [3],
    会議: [4],
    議事録: [4],
    議事: [4],
    録: [4],
    議録: [],
    会議について: [],
    '会議 について': [4],
    手机: [5],
    手机壳: [5],
    机壳: [5],
    壳: [5],
    iphone15手机: [5],
    'iphone15 ': [5],
    ประชุม: [6],
    การประชุม: [6],
    เดือน: [6],
    ประเดือน: [],
    회의록: [7],
    회의: [7],
    हिन्दी: [8],
    हिन: [8],
    'हिन ': [],
    '🎉': [9],
    '🎈': [],
    "don't": [10],
    don: [10],
    abc: [11],
    カタカナ: [11],
    ｶﾀｶﾅ: [11],
    привет: [12],
    𠮷野: [13],
    𠮷: [13],
    野: [13],
    'quick -fox OR NEAR(': [],
  })) {
    assert.deepEqual(
      search(t.index, { text }),
      want.map((i) => subjects[i]),
      text,
    );
  }
});

test('I35 names, addresses and each field by itself', () => {
  using t = filled([
    {
      subject: 'fields',
      from: [{ name: 'Ottoline Vexley', email: 'o.vexley@falcon.example' }],
      to: [{ name: 'Tom', email: 'tom@x.example' }],
      cc: [{ name: null, email: 'carla@x.example' }],
      bcc: [{ name: 'Dora', email: 'd@x.example' }],
    },
  ]);
  const finds = (is: Omit<Is, 'op'>): boolean => search(t.index, is).includes('fields');
  for (const text of ['ottoline', 'vexl', 'o.vexley@falcon.example', 'falcon', 'tom', 'carla', 'dora', 'fields']) {
    assert.ok(finds({ text }), text);
  }
  assert.deepEqual(
    [finds({ from: 'ottoline' }), finds({ from: 'tom' }), finds({ to: 'tom' }), finds({ to: 'carla' })],
    [true, false, true, false],
  );
  assert.deepEqual(
    [finds({ cc: 'carla' }), finds({ bcc: 'dora' }), finds({ subject: 'fields' }), finds({ body: 'fields' })],
    [true, true, true, false],
  );
  assert.ok(finds({ from: 'vexley', to: 'tom', text: 'fields' }));
  assert.ok(!finds({ from: 'vexley', to: 'dora' }));
});

test('I35 no text of a user is an error', () => {
  using t = filled();
  const nasty = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^["'*(){}:^+\- \\aANDORNOTEAR]{0,20}$/u),
  );
  fc.assert(
    fc.property(nasty, (text) => {
      for (const name of ['text', 'subject', 'body', 'from'] as const) search(t.index, { [name]: text });
      t.index.read((r) => r.snippet(r.query(query()).ids[0]!, { op: 'is', text }));
    }),
    { numRuns: 300 },
  );
  for (const text of [
    '"',
    '""',
    "'",
    'a"b',
    '\u0000',
    'x\u0000y',
    '*',
    'a*',
    'subject:x',
    '\ud800',
    'x'.repeat(100_000),
  ]) {
    search(t.index, { text });
  }
});

test('I35 any word of any subject is found by itself and by its beginning', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[\p{L}\p{N}]{1,12}$/u), { minLength: 1, maxLength: 6 }), (words) => {
      using t = filled([{ subject: words.join(' ') }]);
      for (const word of words) {
        assert.ok(search(t.index, { subject: `${word} ` }).includes(words.join(' ')), word);
        assert.ok(search(t.index, { subject: Array.from(word).slice(0, 3).join('') }).includes(words.join(' ')), word);
      }
    }),
    { numRuns: 25 },
  );
});

const threeMails = () => {
  const t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const mail = (n: number, preview?: string) =>
    found(n, { envelope: { subject: `word${n} same` }, ...(preview === undefined ? {} : { preview }) });
  t.index.write((w) => w.add(inbox, [mail(1), mail(2, 'begins with brontide'), mail(3)]));
  const row = (n: number) => t.index.read((r) => r.placement(inbox, n as Uid)!.email);
  return { t, index: t.index, inbox, row };
};

test('I37 headers and the preview that came with them are found at once, texts when they are read', () => {
  const { t, index, row } = threeMails();
  using _ = t;
  assert.deepEqual(search(index, { text: 'same' }), ['word1 same', 'word2 same', 'word3 same']);
  assert.deepEqual(search(index, { text: 'brontide' }), ['word2 same']);
  const uids = (wishes: readonly { uid: Uid }[]): number[] => wishes.map(({ uid }) => uid);
  assert.deepEqual(uids(index.read((r) => r.withoutPreview(9))), [3, 1]);
  assert.deepEqual(uids(index.read((r) => r.withoutText(2))), [3, 2]);
  assert.deepEqual(
    index.read((r) => r.textGaps()),
    { previews: 2, bodies: 3, newest: 1_700_000_003 },
  );
  const state = index.read((r) => r.state('Email'));
  index.write((w) => {
    w.preview(row(3), 'a preview with falcon');
    w.bodyText(row(2), 'begins with brontide, and ends in gloaming', 'another preview');
    w.bodyText(row(1), '', '');
  });
  assert.deepEqual(index.read((r) => r.changes('Email', state, 9))?.updated.length, 1, 'one has a new preview');
  assert.deepEqual(search(index, { text: 'falcon' }), ['word3 same']);
  assert.deepEqual(search(index, { body: 'gloaming' }), ['word2 same']);
  assert.deepEqual([search(index, { body: 'brontide' }), search(index, { body: 'falcon' })].flat(), [
    'word2 same',
    'word3 same',
  ]);
  assert.deepEqual([search(index, { subject: 'falcon' }), search(index, { text: 'another' })], [[], []]);
  assert.equal(index.read((r) => r.byRow(row(2)))?.preview, 'begins with brontide');
  assert.deepEqual(
    index.read((r) => r.textGaps()),
    { previews: 0, bodies: 1, newest: 1_700_000_003 },
  );
  index.write((w) => w.bodyText(row(3), 'its text, with zither', ''));
  assert.deepEqual(
    t.reopen().read((r) => r.textGaps()),
    { previews: 0, bodies: 0, newest: null },
  );
  assert.deepEqual(search(t.index, { text: 'zither falcon word3' }), ['word3 same'], 'words in three places');
  assert.deepEqual(search(t.index, { text: '"falcon its"' }), [], 'a phrase stands in one');
});

test('I37 another preview or another text takes the place of the one before; what is destroyed is not found', () => {
  const { t, index, inbox, row } = threeMails();
  using _ = t;
  index.write((w) => {
    w.preview(row(2), 'another one');
    w.bodyText(row(2), 'the first text');
    w.bodyText(row(2), 'the second');
    w.bodyText(row(1), 'short', 'short');
  });
  const finds = (text: string): string[] => search(index, { text });
  assert.deepEqual([finds('brontide'), finds('first'), finds('another')], [[], [], ['word2 same']]);
  assert.deepEqual([finds('second'), finds('short')], [['word2 same'], ['word1 same']]);
  assert.equal(index.read((r) => r.byRow(row(1)))?.preview, 'short');
  const gone = row(2);
  index.write((w) => {
    w.vanished(inbox, [2 as Uid]);
    w.sweep(Date.now() + 1);
    w.bodyText(gone, 'too late');
    w.preview(gone, 'too late');
  });
  for (const word of ['word2', 'another', 'second', 'late']) assert.deepEqual(finds(word), [], word);
  assert.deepEqual(
    index.read((r) => r.textGaps()),
    { previews: 1, bodies: 1, newest: 1_700_000_003 },
  );
});

test('I37 a draft is found by its headers and preview, and is read when it is on the server', () => {
  const { t, index, inbox } = threeMails();
  using _ = t;
  const {
    uid: _uid,
    modseq: _modseq,
    strongId: _id,
    strongThread: _thread,
    ...local
  } = found(9, {
    envelope: { subject: 'my draft' },
  });
  const number = index.write((w) => w.addLocal(inbox, { ...local, preview: 'begun with falcon' }));
  assert.deepEqual(search(index, { text: 'falcon draft' }), ['my draft']);
  assert.equal(index.read((r) => r.withoutText(9)).length, 3, 'it lies nowhere yet');
  index.write((w) => w.bodyText(w.email(number)!.row, 'its text with gloaming'));
  assert.deepEqual(search(index, { text: 'gloaming' }), ['my draft']);
});

test('I37 what was written in a write that failed is not found', () => {
  const { t, index, inbox } = threeMails();
  using _ = t;
  assert.throws(() =>
    index.write((w) => {
      w.add(inbox, [found(7, { envelope: { subject: 'lost' } })]);
      assert.deepEqual(w.query(query({ filter: { op: 'is', subject: 'lost' } })).ids.length, 1);
      throw new Error('no');
    }),
  );
  assert.deepEqual(search(index, { text: 'lost' }), []);
  index.gather((w) => w.add(inbox, [found(8, { envelope: { subject: 'gathered' } })]));
  assert.deepEqual(search(index, { text: 'gathered' }), ['gathered']);
});

test('I36 folding', () => {
  assert.equal(foldForIndex('plain text'), 'plain text');
  assert.equal(foldForIndex('手机壳').trim(), '手机 机壳 壳');
  assert.equal(foldForQuery('手机壳'), '手机 机壳');
  assert.equal(foldForQuery('机'), '机');
  assert.equal(foldForQuery('手机a'), '手机 机 a');
});

test('I35 terms', () => {
  assert.deepEqual(termsOf('one two'), [
    { text: 'one', prefix: false },
    { text: 'two', prefix: true },
  ]);
  assert.deepEqual(termsOf('one "two three'), [
    { text: 'one', prefix: false },
    { text: 'two three', prefix: false },
  ]);
  assert.deepEqual(termsOf('"a \\"b\\" c" '), [{ text: 'a "b" c', prefix: false }]);
  assert.deepEqual(termsOf(' !! ... '), []);
});

test('I38 snippets', () => {
  using t = openTestIndex();
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  const id = index.write((w) => {
    w.add(inbox, [found(1, { envelope: { subject: 'Bread & <butter> "naïve" butter' } })]);
    const [number] = w.query(query()).ids;
    w.preview(
      w.email(number!)!.row,
      `${'filler words here '.repeat(12)}the falcon & the <falconer> ${'and more words '.repeat(12)}`,
    );
    w.bodyText(w.email(number!)!.row, 'somewhere in the body: zither');
    return number!;
  });
  const look = (filter: Filter | null) => index.read((r) => r.snippet(id, filter));
  assert.deepEqual(look(null), { subject: null, preview: null });
  assert.equal(
    look({ op: 'is', text: 'butt' }).subject,
    'Bread &amp; &lt;<mark>butter</mark>&gt; &quot;naïve&quot; <mark>butter</mark>',
  );
  assert.equal(
    look({ op: 'is', subject: 'NAIVE' }).subject,
    'Bread &amp; &lt;butter&gt; &quot;<mark>naïve</mark>&quot; butter',
  );
  assert.equal(
    look({ op: 'is', text: '"bread & butter"' }).subject,
    '<mark>Bread &amp; &lt;butter</mark>&gt; &quot;naïve&quot; butter',
  );
  assert.equal(look({ op: 'NOT', of: [{ op: 'is', text: 'butter' }] }).subject, null);
  const { preview, subject } = look({
    op: 'AND',
    of: [
      { op: 'is', inMailbox: inbox },
      { op: 'is', text: 'falcon' },
    ],
  });
  assert.equal(subject, null);
  assert.match(preview ?? '', /^(?:\w+ )+the <mark>falcon<\/mark> &amp; the &lt;<mark>falconer<\/mark>&gt; and/u);
  assert.equal(look({ op: 'is', body: 'zither' }).preview, 'somewhere in the body: <mark>zither</mark>');
  assert.equal(look({ op: 'is', from: 'alice' }).preview, null);
});

test('I38 a snippet has nothing but marks in it and at most 255 octets', () => {
  const letters = fc.string({
    unit: fc.constantFrom('a', 'b', ' ', '<', '&', '"', 'é', '手', '机', '🎉', '\n'),
    maxLength: 400,
    size: 'max',
  });
  fc.assert(
    fc.property(letters, fc.constantFrom('a', 'ab', 'é', '手机', 'b a'), (text, wanted) => {
      const terms = termsOf(wanted);
      const around = markAround(text, terms);
      const whole = markAll(text, terms);
      assert.equal(whole === null, around === null);
      for (const html of [around, whole]) {
        if (html === null) continue;
        assert.doesNotMatch(html.replaceAll(/<\/?mark>/gu, ''), /[<>"]|&(?!amp;|lt;|gt;|quot;|#39;)/u);
        assert.equal(html.split('<mark>').length, html.split('</mark>').length);
      }
      assert.ok(Buffer.byteLength(around ?? '') <= 255);
      const plain = (html: string): string =>
        html
          .replaceAll(/<\/?mark>/gu, '')
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&amp;', '&');
      if (whole !== null) assert.equal(plain(whole), text);
      if (around !== null) assert.ok(around.includes('<mark>') && text.includes(plain(around).slice(0, 20)));
    }),
    { numRuns: 300 },
  );
});
