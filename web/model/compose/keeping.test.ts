import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EmailId } from '#jmap/ids.ts';
import { head } from '../testing.ts';
import { type Row, desk } from './testing.ts';

test('E3 a quote that is cleaned after the letter was kept is kept, too; that of a draft already is', async () => {
  for (const kind of ['reply', 'draft'] as const) {
    const quote = '<br><div class="postern_quote"><p>Red</p></div>';
    const original = { htmlBody: [{ partId: '2', type: 'text/html' }], bodyValues: { 2: { value: quote } } };
    const { start, rows, pass } = desk();
    rows.set('M0', { ...(rows.get('M0') as Row), ...original });
    const writing = await start(kind);
    if (kind === 'reply') writing.draft.change({ subject: 'Cars' });
    await pass(1_000);
    writing.quoteCleaned('<p>Red</p>', 'Red');
    await pass(1_000);
    const letters = [...rows.values()].filter(({ id }) => id !== 'M0');
    assert.deepEqual(
      [letters.length, JSON.stringify(letters).includes('<p>Red</p>')],
      kind === 'reply' ? [1, true] : [0, false],
    );
  }
});

test('E4 a draft that was kept is kept as it is when nothing is left of it', async () => {
  const { start, pass, inside } = desk();
  const writing = await start('new');
  writing.draft.change({ subject: 'Cars' });
  await pass(1_000);
  writing.draft.change({ subject: '' });
  await pass(1_000);
  assert.deepEqual(inside('drafts'), ['M2 ']);
});

test('E5 a discarded draft is in Trash at once, and comes back with what was written since', async () => {
  const { start, pass, inside, undo, only } = desk();
  const writing = await start('new');
  writing.draft.change({ subject: 'Cars' });
  await pass(1_000);
  assert.deepEqual(inside('drafts'), ['M1 Cars']);
  writing.draft.change({ subject: 'Trains' });
  writing.discard();
  await pass(0);
  assert.deepEqual([inside('drafts'), inside('trash')], [[], ['M1 Cars']]);
  undo.undo();
  await pass(0);
  assert.deepEqual([inside('drafts'), inside('trash')], [['M1 Cars'], []]);
  assert.equal(only().draft.letter.peek().subject, 'Trains');
  only().close();
  await pass(0);
  assert.deepEqual([inside('drafts'), inside('trash')], [['M2 Trains'], []]);
});

test('E5 a version that was being saved when the letter was discarded goes, too', async () => {
  const { start, pass, inside } = desk();
  const writing = await start('new');
  writing.draft.change({ subject: 'Cars' });
  void writing.draft.save();
  writing.discard();
  await pass(0);
  assert.deepEqual([inside('drafts'), inside('trash')], [[], ['M1 Cars']]);
});

test('E5 without Trash a discarded draft is out of sight, and destroyed when it cannot come back', async () => {
  for (const end of ['time', 'page', 'undo'] as const) {
    const { start, pass, inside, mail, undo, storage, rows, only } = desk({ trash: false });
    const writing = await start('new');
    writing.draft.change({ subject: 'Cars' });
    await pass(1_000);
    writing.discard();
    await pass(0);
    assert.deepEqual([mail.emails.of('M1').peek().at, inside('drafts')], ['gone', ['M1 Cars']]);
    if (end === 'page') {
      const next = desk({ trash: false, storage, rows });
      await next.composers.recover(next.mail);
      await next.pass(10_000);
      assert.deepEqual([next.inside('drafts'), storage.size], [[], 0]);
      continue;
    }
    if (end === 'undo') undo.undo();
    await pass(20_000);
    assert.deepEqual(inside('drafts'), end === 'undo' ? ['M1 Cars'] : []);
    assert.equal(undo.items.peek().length, 0);
    if (end === 'undo') assert.equal(only().draft.letter.peek().subject, 'Cars');
  }
});

test('E26 what the page had no time for when a letter was discarded is done by the next', async () => {
  for (const lost of ['the first save', 'a later save', 'the move'] as const) {
    const { start, server, pass, inside, storage, rows } = desk();
    const writing = await start('new');
    writing.draft.change({ subject: 'Cars', html: '<div>Secret</div>' });
    if (lost !== 'the first save') await pass(1_000);
    if (lost === 'the move') server.next.push(...Array.from({ length: 9 }, () => null));
    else {
      writing.draft.change({ subject: 'Trains' });
      server.loses = () => true;
      void writing.draft.save().catch(() => undefined);
    }
    writing.discard();
    await pass(0);
    assert.equal(inside('trash').length, 0);
    assert.doesNotMatch([...storage.values()].join(), /Cars|Trains|Secret/u);
    const next = desk({ storage, rows });
    await next.composers.recover(next.mail);
    await next.pass(0);
    const [subject, count] = lost === 'the move' ? ['Cars', 1] : ['Trains', 1];
    assert.deepEqual(
      [inside('drafts'), inside('trash').map((each) => each.split(' ')[1]), next.composers.open.peek(), storage.size],
      [[], Array.from({ length: count }, () => subject), [], 0],
      lost,
    );
  }
});

test('E12 a save that failed is tried again, also while one writes on', async () => {
  const { start, server, pass, inside } = desk();
  const writing = await start('new');
  server.next.push(null);
  for (let word = 0; word < 20; word += 1) {
    writing.draft.change({ subject: `Cars ${word}` });
    await pass(2_000);
  }
  assert.equal(writing.draft.kept.peek().at, 'saved');
  assert.deepEqual(
    inside('drafts').map((each) => each.split(' ')[1]),
    ['Cars'],
  );
});

test('E23 a version that the server kept without being heard does not stand beside the next', async () => {
  for (const then of ['write', 'discard', 'empty', 'reload'] as const) {
    const { start, server, pass, inside, composers, storage, rows, undo } = desk();
    const writing = await start('new');
    writing.draft.change({ subject: 'Cars' });
    server.loses = () => true;
    await pass(1_000);
    assert.deepEqual([inside('drafts'), writing.draft.kept.peek().at], [['M1 Cars'], 'failed']);
    if (then === 'reload') {
      const again = desk({ storage, rows });
      await again.composers.recover(again.mail);
      await again.pass(1_000);
      assert.deepEqual([again.inside('drafts'), again.only().draft.letter.peek().subject], [['M3 Cars'], 'Cars']);
      continue;
    }
    if (then === 'discard') writing.discard();
    else writing.draft.change({ subject: then === 'write' ? 'Trains' : '' });
    if (then === 'discard') {
      undo.undo();
      await pass(0);
      assert.equal(
        composers.open.peek()[0]?.draft.letter.peek().subject,
        'Cars',
        'who takes it back waits for no line',
      );
      composers.open.peek()[0]?.discard();
    }
    await pass(40_000);
    server.loses = () => false;
    await pass(40_000);
    assert.deepEqual(
      inside('drafts').map((each) => each.split(' ')[1]),
      { write: ['Trains'], discard: [], empty: [''] }[then],
    );
  }
});

test('E6 a page that is loaded again opens its letters again, and keeps no text that the server has', async () => {
  const first = desk();
  const writing = await first.start('new');
  writing.draft.change({ subject: 'Cars' });
  assert.match([...first.storage.values()].join(), /Cars/u);
  await first.pass(1_000);
  writing.shape.value = 'minimised';
  assert.doesNotMatch([...first.storage.values()].join(), /Cars/u);
  const second = desk({ storage: first.storage, rows: first.rows });
  await second.composers.recover(second.mail);
  assert.deepEqual([second.only().draft.letter.peek().subject, second.only().shape.peek()], ['Cars', 'minimised']);
  assert.equal(second.storage.size, 1);
  first.rows.delete('M1');
  const third = desk({ storage: second.storage, rows: first.rows });
  await third.composers.recover(third.mail);
  assert.deepEqual([third.composers.open.peek().length, third.storage.size, third.toasts.current.peek()], [0, 0, null]);
  second.only().close();
  assert.equal(second.storage.size, 0);
});

test('E19 a letter that could not be kept when it was closed comes back, and is kept later', async () => {
  const { start, pass, server, only, composers, inside, storage, toasts } = desk();
  const writing = await start('new');
  writing.draft.change({ subject: 'Cars' });
  server.loses = () => true;
  writing.close();
  assert.deepEqual(composers.open.peek(), []);
  await pass(0);
  assert.match(toasts.current.peek()?.text ?? '', /Kept on this device/u);
  assert.deepEqual([only(), writing.shape.peek()], [writing, 'minimised']);
  await pass(30_000);
  server.loses = () => false;
  await pass(30_000);
  assert.deepEqual(
    [writing.draft.kept.peek().at, inside('drafts').length, toasts.current.peek()],
    ['saved', 1, null],
    'one draft, and nothing says that there is none',
  );
  writing.close();
  assert.deepEqual([composers.open.peek(), [...storage]], [[], []]);
});

test('E20 a draft that another window or device changed or sent is told of, and nothing of either is lost', async () => {
  const news = { created: [], updated: [], destroyed: [], everything: false };
  for (const then of ['close', 'write', 'send'] as const) {
    const { start, pass, rows, mail, inside, sent, composers } = desk();
    const bob = [{ name: null, email: 'bob@x.example' }];
    const row = (id: string, subject: string): Row =>
      head(id, { keywords: { $draft: true }, mailboxIds: { drafts: true }, to: bob, subject }) as unknown as Row;
    rows.set('M7', row('M7', 'Ours'));
    const writing = await start('draft', 'M7');
    rows.delete('M7');
    rows.set('M9', row('M9', 'Theirs'));
    mail.tell({ ...news, created: ['M9' as EmailId], destroyed: ['M7' as EmailId] });
    assert.match(writing.trouble.peek() ?? '', /changed or deleted elsewhere/u);
    await pass(5_000);
    assert.deepEqual(inside('drafts'), ['M9 Theirs'], 'no copy that nobody wants');
    if (then === 'write') writing.draft.change({ html: '<div>More</div>' });
    else await writing[then]();
    await pass(5_000);
    assert.deepEqual(
      [inside('drafts').length, composers.open.peek().length, sent.map(({ subject }) => subject)],
      { close: [1, 0, []], write: [2, 1, []], send: [1, 0, ['Ours']] }[then],
    );
  }
  const { start, pass, rows, mail } = desk();
  const writing = await start('new');
  writing.draft.change({ subject: 'Cars' });
  await pass(1_000);
  const id = writing.draft.emailId.peek() as EmailId;
  mail.emails.put([head(id, { ...rows.get(id), keywords: { $draft: true } })]);
  mail.tell({ ...news, updated: [id] });
  assert.equal(writing.trouble.peek(), null);
  mail.emails.put([head(id, { keywords: {}, mailboxIds: { sent: true } })]);
  mail.tell({ ...news, updated: [id] });
  assert.match(writing.trouble.peek() ?? '', /was sent elsewhere/u);
});
