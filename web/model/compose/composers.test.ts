import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '#base/must.ts';
import type { AccountId, EmailId, IdentityId } from '#jmap/ids.ts';
import { openMail } from '../mail.ts';
import { account, accountId } from '../testing.ts';
import type { Writing } from './composers.ts';
import { desk } from './testing.ts';

test('E4 a letter in which nobody wrote leaves no trace', async () => {
  const { start, only, pass, composers, inside, storage, toasts } = desk();
  for (const kind of ['new', 'reply'] as const)
    for (const end of ['close', 'discard'] as const) {
      const writing = await start(kind);
      writing.quoteCleaned('<p>Hello</p>', 'Hello');
      await pass(5_000);
      assert.ok(only().draft.isUntouched());
      writing[end]();
      await pass(5_000);
      assert.deepEqual(
        [composers.open.peek(), inside('drafts'), [...storage], toasts.current.peek()],
        [[], [], [], null],
      );
    }
  const changed = await start('reply');
  changed.draft.change({ html: '<div>Yes</div>' });
  changed.draft.change({ html: '' });
  await pass(5_000);
  assert.deepEqual(inside('drafts'), []);
  changed.draft.change({ quote: null });
  await pass(5_000);
  assert.equal(inside('drafts').length, 1);
});

test('E4 an answer that is being written is brought forward instead of begun again', async () => {
  const { start, only } = desk();
  const writing = await start('reply');
  writing.draft.change({ html: '<div>Yes</div>' });
  writing.shape.value = 'minimised';
  await start('reply');
  assert.equal(only(), writing);
  assert.deepEqual([writing.shape.peek(), writing.recalled.peek()], ['docked', 1]);
});

test('E4 whoever asks twice at once, by a double click, has one window', async () => {
  for (const kind of ['reply', 'draft'] as const) {
    const { composers } = desk();
    const twice = { kind, accountId, emailId: 'M0' as EmailId };
    await Promise.all([composers.start(twice), composers.start(twice)]);
    assert.equal(composers.open.peek().length, 1);
  }
});

test('E16 what is sent stands: nothing is saved over it while it is handed in, and nothing after', async () => {
  for (const refused of [false, true]) {
    const { start, pass, inside, handedIn, composers } = desk({
      during: () => {
        writing.draft.change({ subject: 'Boats and oars', to: [bob, { name: null, email: 'carla@x.example' }] });
        void writing.draft.save();
        return refused ? 'Not today.' : null;
      },
    });
    const bob = { name: null, email: 'bob@x.example' };
    const writing = await start('new');
    writing.draft.change({ subject: 'Boats', to: [bob] });
    await writing.send();
    assert.deepEqual([handedIn, composers.open.peek().length], [['M1 bob@x.example'], refused ? 1 : 0]);
    await pass(5_000);
    assert.deepEqual([inside('drafts'), inside('sent')], refused ? [['M2 Boats and oars'], []] : [[], ['M1 Boats']]);
  }
});

test('E16 who is added while the last version is saved is a recipient of the letter, too', async () => {
  const people = ['bob', 'carla'].map((name) => ({ name: null, email: `${name}@x.example` }));
  let saves = 0;
  const { start, handedIn, inside } = desk({
    saving: () => {
      saves += 1;
      if (saves === 1) writing.draft.change({ to: people });
    },
  });
  const writing = await start('new');
  writing.draft.change({ subject: 'Boats', to: people.slice(0, 1) });
  await writing.send();
  assert.deepEqual([handedIn, inside('sent')], [['M2 bob@x.example carla@x.example'], ['M2 Boats']]);
});

test('E10 a letter waits for its files, and does not leave or close without them', async () => {
  for (const end of ['send', 'close'] as const)
    for (const fails of [false, true]) {
      const { start, pass, server, sent, rows, toasts } = desk();
      const writing = await start('new');
      writing.draft.change({ subject: 'Cars', to: [{ name: null, email: 'bob@x.example' }] });
      await pass(1_000);
      let arrive: (answer: Response) => void = () => undefined;
      server.uploads = () => new Promise((resolve) => (arrive = resolve));
      writing.attach([new File(['a'], 'a.txt')]);
      void writing[end]();
      await pass(2_000);
      assert.deepEqual(sent, []);
      arrive(fails ? new Response(null, { status: 500 }) : Response.json({ blobId: 'U1' }));
      await pass(100);
      assert.equal(JSON.stringify([...sent, ...rows.values()]).includes('"a.txt"'), !fails);
      assert.equal(sent.length, end === 'send' && !fails ? 1 : 0);
      if (fails) {
        const said = end === 'send' ? writing.trouble.peek() : toasts.current.peek()?.text;
        assert.match(said ?? '', /“a.txt” was not uploaded/u);
      }
    }
});

test('G18 while a file is on its way the letter stays with its account, and that is said', async () => {
  const { start, pass, server, mail, toasts } = desk();
  const other = openMail(server.connection, 'A2' as AccountId, account);
  const writing = await start('new');
  let arrive: (answer: Response) => void = () => undefined;
  server.uploads = () => new Promise((resolve) => (arrive = resolve));
  writing.attach([new File(['a'], 'a.txt')]);
  await pass(0);
  writing.writeAs(other, 'I2' as IdentityId);
  assert.equal(writing.mail, mail);
  assert.match(toasts.current.peek()?.text ?? '', /^A file is still on its way/u);
  arrive(Response.json({ blobId: 'U1' }));
  await pass(0);
  writing.writeAs(other, 'I2' as IdentityId);
  assert.equal(writing.mail, other);
});

test('E10 many files that are attached at once go one after another, and one taken out of the letter stops none', async () => {
  const { start, pass, server } = desk();
  const writing = await start('new');
  const ends: ((answer: Response) => void)[] = [];
  server.uploads = () => new Promise((resolve) => ends.push(resolve));
  writing.attach(Array.from({ length: 12 }, (_, index) => new File(['a'], `${index}.txt`)));
  writing.remove(must(writing.draft.letter.peek().attachments[5], 'a file'));
  for (let sent = 1; sent <= 11; sent += 1) {
    await pass(0);
    assert.equal(ends.length, sent);
    ends.at(-1)?.(Response.json({ blobId: `U${sent}` }));
  }
  await pass(0);
  assert.deepEqual(new Set(writing.draft.letter.peek().attachments.map(({ upload }) => upload.at)), new Set(['ready']));
});

test('E10 what went wrong with a file is said in words for people, and what is too large before it is sent', async () => {
  const { start, pass, server, toasts } = desk();
  const writing = await start('new');
  server.uploads = () => Promise.reject(new TypeError('no line'));
  writing.attach([new File(['a'], 'a.txt')]);
  await pass(0);
  const [first] = writing.draft.letter.peek().attachments;
  assert.deepEqual(first?.upload, { at: 'failed', why: 'Postern does not answer.' });
  server.uploads = () => Promise.resolve(Response.json({ blobId: 'U1' }));
  writing.attach(['b.bin', 'c.bin'].map((name) => new File([new Uint8Array(20_000_000)], name)));
  await pass(0);
  assert.match(toasts.current.peek()?.text ?? '', /^With “c.bin” the letter is larger than the 35 MB/u);
  assert.deepEqual(
    writing.draft.letter.peek().attachments.map(({ name }) => name),
    ['a.txt', 'b.bin'],
  );
});

test('E11 an image that was taken out of the text again does not leave with the letter', async () => {
  const { start, pass, server, sent } = desk();
  const writing = await start('new');
  let uploads = 0;
  server.uploads = () => Promise.resolve(Response.json({ blobId: `U${(uploads += 1)}` }));
  for (const cid of ['one@postern', 'two@postern', 'three@postern'])
    writing.attachImage({ cid, name: `${cid}.png`, type: 'image/png', bytes: new ArrayBuffer(3) });
  writing.draft.change({
    to: [{ name: null, email: 'bob@x.example' }],
    html: '<div><img src="cid:two@postern"></div>',
    quote: { kind: 'reply', lead: '', text: '', html: '<img src="cid:three@postern">' },
  });
  await pass(1_000);
  await writing.send();
  assert.deepEqual(
    [...JSON.stringify(sent).matchAll(/"cid":"(\w+)/gu)].map(([, cid]) => cid),
    ['two', 'three'],
  );
});

test('E13 a letter that is being sent is neither closed nor thrown away under way, but while it waits for files', async () => {
  const { start, pass, server, sent, inside, composers, toasts } = desk();
  const begin = async (): Promise<Writing> => {
    const writing = await start('new');
    writing.draft.change({ subject: 'Cars', to: [{ name: null, email: 'bob@x.example' }] });
    await pass(1_000);
    return writing;
  };
  const writing = await begin();
  let arrive: (answer: Response) => void = () => undefined;
  server.uploads = () => new Promise((resolve) => (arrive = resolve));
  writing.attach([new File(['a'], 'a.txt')]);
  void writing.send();
  await pass(1_000);
  writing.discard();
  arrive(Response.json({ blobId: 'U1' }));
  await pass(1_000);
  assert.deepEqual([sent.length, composers.open.peek().length, inside('drafts')], [0, 0, []]);

  const another = await begin();
  server.loses = (calls) => {
    const isHandedIn = calls.some(([name]) => name === 'EmailSubmission/set');
    if (isHandedIn) another.discard();
    return isHandedIn;
  };
  const sending = another.send();
  another.close();
  await sending;
  assert.match(toasts.current.peek()?.text ?? '', /^It is being sent/u);
  assert.deepEqual([composers.open.peek(), another.shape.peek(), inside('trash').length], [[another], 'minimised', 1]);
  assert.match(another.trouble.peek() ?? '', /^It is not known/u);
});

test('E15 without an answer to it, a letter that was asked for is given up, in words', async () => {
  const { composers, pass, server, toasts } = desk();
  const ask = (): Promise<void> => composers.start({ kind: 'reply', accountId, emailId: 'M0' as EmailId });
  server.next.push(null);
  await ask();
  assert.match(toasts.current.peek()?.text ?? '', /^Postern does not answer/u);
  await pass(60_000);
  assert.deepEqual([composers.open.peek(), server.connection.line.peek().at], [[], 'online']);
  server.next.push(null);
  server.connection.call('Email/set', { accountId, create: {} }).answer.catch(() => undefined);
  await pass(0);
  assert.equal(server.connection.line.peek().at, 'offline');
  await ask();
  assert.equal(composers.open.peek().length, 1, 'it is asked for, whatever was before');
});

test('E17 what is said of a letter that was not sent names where it is kept', async () => {
  const { start, pass, server } = desk({ during: () => 'Nobody may send here.' });
  const writing = await start('new');
  writing.draft.change({ subject: 'Cars', to: [{ name: null, email: 'bob@x.example' }] });
  server.loses = () => true;
  await writing.send();
  assert.equal(writing.trouble.peek(), 'Not sent yet: “Cars”. Postern does not answer. It is kept on this device.');
  server.loses = () => false;
  await pass(30_000);
  assert.equal(writing.draft.kept.peek().at, 'saved');
  await writing.send();
  assert.equal(writing.trouble.peek(), 'Not sent yet: “Cars”. Nobody may send here. It is kept in your drafts.');
});

test('E14 a letter that was changed when nobody knew whether it was taken goes once', async () => {
  for (const isHeld of [true, false]) {
    const { start, pass, server, sent, hold, rows } = desk();
    hold.isHeld = isHeld;
    const writing = await start('new');
    writing.draft.change({ subject: 'Cras', to: [{ name: null, email: 'bob@x.example' }] });
    await pass(1_000);
    server.loses = (calls) => calls.some(([name]) => name === 'EmailSubmission/set');
    await writing.send();
    assert.match(writing.trouble.peek() ?? '', /^It is not known/u);
    server.loses = () => false;
    writing.draft.change({ subject: 'Cars' });
    await writing.send();
    assert.deepEqual(
      sent.map(({ subject }) => subject),
      [isHeld ? 'Cars' : 'Cras'],
    );
    assert.equal(rows.size, isHeld ? 2 : 3);
    if (isHeld) continue;
    assert.match(writing.trouble.peek() ?? '', /What you wrote before went out/u);
    await writing.send();
    assert.deepEqual(
      sent.map(({ subject }) => subject),
      ['Cras', 'Cars'],
    );
  }
});
