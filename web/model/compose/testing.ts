import type { EmailId, IdentityId, MailboxId } from '#jmap/ids.ts';
import type { Identity, Mailbox } from '#jmap/mail.ts';
import { openMail } from '../mail.ts';
import type { Outbox } from '../outbox.ts';
import { account, accountId, fakeServer, head, settled } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { openUndo } from '../undo.ts';
import { openComposers, type Writing } from './composers.ts';
import type { Keep } from './kept.ts';

/** Windows of letters: what they leave when they are closed, thrown away, or their page goes. */

export type Row = {
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
export const desk = ({ trash = true, storage = new Map(), rows = new Map(), during, saving }: DeskOptions = {}) => {
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
    if (!first || others.length > 0) throw new Error(`${composers.open.peek().length} windows`);
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
