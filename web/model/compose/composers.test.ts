import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '#base/must.ts';
import type { EmailId, IdentityId, MailboxId } from '#jmap/ids.ts';
import type { Identity, Mailbox } from '#jmap/mail.ts';
import { openMail } from '../mail.ts';
import type { Outbox } from '../outbox.ts';
import { account, accountId, fakeServer, head, settled } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { openUndo } from '../undo.ts';
import { type Keep, openComposers, type Writing } from './composers.ts';

/** Windows of letters: what they leave when they are closed, thrown away, or their page goes. */

type Row = {
  id: string;
  mailboxIds: Record<string, boolean>;
  keywords: Record<string, boolean>;
  subject: string;
  messageId?: string[];
};

interface DeskOptions {
  trash?: boolean;
  storage?: Map<string, string>;
  rows?: Map<string, Row>;
  /** What happens while a letter is handed in; words refuse it. */
  during?: () => string | null;
  /** What happens while a version is saved. */
  saving?: () => void;
}

/** A server that takes letters; `sent` holds what they were when they were handed in. */
const desk = ({ trash = true, storage = new Map(), rows = new Map(), during, saving }: DeskOptions = {}) => {
  const handedIn: string[] = [];
  const sent: Row[] = [];
  const hold = { isHeld: true };
  let made = rows.size;
  rows.set('M0', { ...(head('M0') as unknown as Row), keywords: {}, subject: 'Boats' });
  const body = { textBody: [], htmlBody: [], attachments: [], bodyValues: {} };
  const server = fakeServer({
    'Email/set': ({ create, update, destroy }) => {
      const created: Record<string, object> = {};
      for (const [key, email] of Object.entries((create ?? {}) as Record<string, Row>)) {
        made += 1;
        rows.set(`M${made}`, { ...email, id: `M${made}` });
        created[key] = { id: `M${made}` };
        saving?.();
      }
      for (const [id, patch] of Object.entries((update ?? {}) as Record<string, Record<string, true | null>>))
        for (const [key, value] of Object.entries(patch)) {
          const mailboxIds = rows.get(id)?.mailboxIds ?? {};
          if (value === null) delete mailboxIds[key.slice(11)];
          else mailboxIds[key.slice(11)] = true;
        }
      for (const id of (destroy ?? []) as string[]) rows.delete(id);
      return { accountId, oldState: '1', newState: '2', created, updated: update ?? {}, destroyed: destroy ?? [] };
    },
    'Email/get': ({ ids }) => ({
      accountId,
      state: '2',
      list: (ids as string[]).flatMap((id) => (rows.has(id) ? [{ ...body, ...rows.get(id) }] : [])),
      notFound: (ids as string[]).filter((id) => !rows.has(id)),
    }),
    'Email/query': ({ filter }) => {
      const [, wanted] = (filter as { header: [string, string] }).header;
      return { accountId, ids: [...rows.values()].filter((row) => row.messageId?.[0] === wanted).map(({ id }) => id) };
    },
    'EmailSubmission/set': ({ create, update }) => {
      const answer = { accountId, oldState: null, newState: '2' };
      const { S1 } = (update ?? {}) as { S1?: object };
      if (S1) {
        const [back] = hold.isHeld ? sent.splice(0, 1) : [];
        if (back) Object.assign(back, { keywords: { $draft: true }, mailboxIds: { drafts: true } });
        return { ...answer, updated: back ? { S1 } : null };
      }
      const { letter } = create as { letter: { emailId: string; envelope: { rcptTo: { email: string }[] } } };
      handedIn.push(`${letter.emailId} ${letter.envelope.rcptTo.map(({ email }) => email).join(' ')}`);
      const wrong = during?.();
      if (wrong) return { ...answer, created: null, notCreated: { letter: { type: 'forbidden', description: wrong } } };
      const row = rows.get(letter.emailId) as Row;
      if (sent.includes(row))
        return { ...answer, created: null, notCreated: { letter: { type: 'alreadyExists', existingId: 'S1' } } };
      Object.assign(row, { keywords: {}, mailboxIds: { sent: true } });
      sent.push(row);
      return { ...answer, created: { letter: { id: 'S1' } } };
    },
    'EmailSubmission/query': ({ filter }) => ({
      accountId,
      ids: sent.some(({ id }) => (filter as { emailIds: string[] }).emailIds.includes(id)) ? ['S1'] : [],
    }),
    'EmailSubmission/get': ({ ids }) => ({
      accountId,
      list: (ids as string[]).map((id) => ({ id, stage: 'held', sendAt: '2025-11-06T08:50:09Z' })),
    }),
    'Mailbox/get': () => ({ accountId, state: '1', list: [], notFound: [] }),
    'Mailbox/set': () => ({ accountId, created: null, notCreated: { made: { type: 'forbidden' } } }),
  });
  const mail = openMail(server.connection, accountId, account);
  const box = (id: string): Mailbox => ({ id: id as MailboxId, name: id, role: id, parentId: null }) as Mailbox;
  mail.mailboxes.put([box('inbox'), box('drafts'), ...(trash ? [box('trash')] : [])]);
  mail.setIdentities([
    {
      id: 'I1' as IdentityId,
      name: 'Ada',
      email: 'ada@lindqvist.example',
      replyTo: null,
      bcc: null,
      textSignature: 'Ada',
      htmlSignature: '',
      mayDelete: true,
    } satisfies Identity,
  ]);
  const held = new Set<string>();
  const keep: Keep = {
    claim: (key) => Promise.resolve(held.size === held.add(key).size ? false : true),
    release: (key) => void held.delete(key),
    get: (key) => storage.get(key) ?? null,
    set: (key, value) => void storage.set(key, value),
    remove: (key) => void storage.delete(key),
    keys: () => [...storage.keys()],
  };
  const [toasts, undo] = [openToasts(server.clock), openUndo()];
  const composers = openComposers({
    connection: server.connection,
    clock: server.clock,
    mail: () => mail,
    toasts,
    undo,
    outbox: { watch: () => undefined } as Partial<Outbox> as Outbox,
    keep,
    hold: () => 20,
  });
  const only = (): Writing => {
    const [first, ...others] = composers.open.peek();
    assert.ok(first && others.length === 0, `${composers.open.peek().length} windows`);
    return first;
  };
  const pass = async (ms: number): Promise<void> => {
    await settled();
    server.clock.pass(ms);
    await settled();
  };
  return {
    server,
    sent,
    hold,
    composers,
    mail,
    toasts,
    undo,
    storage,
    rows,
    handedIn,
    only,
    pass,
    start: async (kind: 'new' | 'reply' | 'draft', emailId = 'M0') => {
      await composers.start(kind === 'new' ? { kind, accountId } : { kind, accountId, emailId: emailId as EmailId });
      return only();
    },
    inside: (mailbox: string) =>
      [...rows.values()].filter(({ mailboxIds }) => mailboxIds[mailbox]).map(({ id, subject }) => `${id} ${subject}`),
  };
};

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
    const { start, pass, inside, mail, undo, composers, only } = desk({ trash: false });
    const writing = await start('new');
    writing.draft.change({ subject: 'Cars' });
    await pass(1_000);
    writing.discard();
    await pass(0);
    assert.deepEqual([mail.emails.of('M1').peek().at, inside('drafts')], ['gone', ['M1 Cars']]);
    if (end === 'time') await pass(10_000);
    else if (end === 'page') composers.leave();
    else undo.undo();
    await pass(20_000);
    assert.deepEqual(inside('drafts'), end === 'undo' ? ['M1 Cars'] : []);
    assert.equal(undo.items.peek().length, 0);
    if (end === 'undo') assert.equal(only().draft.letter.peek().subject, 'Cars');
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
  assert.doesNotMatch([...first.storage.values()].join(), /Cars/u);
  const second = desk({ storage: first.storage, rows: first.rows });
  await second.composers.recover(second.mail);
  assert.equal(second.only().draft.letter.peek().subject, 'Cars');
  assert.equal(second.storage.size, 1);
  first.rows.delete('M1');
  const third = desk({ storage: second.storage, rows: first.rows });
  await third.composers.recover(third.mail);
  assert.deepEqual([third.composers.open.peek().length, third.storage.size, third.toasts.current.peek()], [0, 0, null]);
  second.only().close();
  assert.equal(second.storage.size, 0);
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
  server.uploads = () => new Promise(() => undefined);
  writing.attach([new File(['a'], 'a.txt')]);
  void writing.send();
  await pass(1_000);
  writing.discard();
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
