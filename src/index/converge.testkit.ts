import { envelope, mailbox, query } from './fixture.ts';
import type { Email, EmailNumber, EmailRow, Found, Index, Intent, MailboxId, Uid, Want } from './types.ts';

export interface Message {
  body: number;
  keywords: Set<string>;
  deleted: boolean;
}
interface Box {
  id: MailboxId;
  uidvalidity: number;
  next: number;
  messages: Map<number, Message>;
}

const roles = ['inbox', 'trash', 'archive', 'drafts'] as const;
export const keywordList = ['$seen', '$flagged', '$draft', 'work'];

/** A mail server in a few maps, with another client that works on it. */
export class World {
  readonly index: Index;
  readonly boxes: Box[];
  readonly strongIds: boolean;
  readonly copyUid: boolean;
  bodies = 0;
  copied = false;
  readonly drafts = new Map<EmailRow, number>();
  /** What a JMAP client knows that asks for changes only. */
  readonly seenEmails = new Map<string, string>();
  readonly seenThreads = new Map<string, string>();
  readonly seenMailboxes = new Map<string, string>();
  states: Record<'Email' | 'Thread' | 'Mailbox', string>;

  constructor(index: Index, strongIds: boolean, copyUid: boolean) {
    this.index = index;
    this.strongIds = strongIds;
    this.copyUid = copyUid;
    this.states = index.read((r) => ({
      Email: r.state('Email'),
      Thread: r.state('Thread'),
      Mailbox: r.state('Mailbox'),
    }));
    this.boxes = roles.map((role) => ({
      id: index.write((t) => t.saveMailbox(mailbox(role, role)).id),
      uidvalidity: 1,
      next: 1,
      messages: new Map<number, Message>(),
    }));
  }

  box(at: number): Box {
    return this.boxes[at % this.boxes.length] as Box;
  }

  found(box: Box, uid: number): Found {
    const { body, keywords, deleted } = box.messages.get(uid) as Message;
    return this.message(uid, body, keywords, deleted);
  }

  message(uid: number, body: number, keywords: Iterable<string>, deleted: boolean): Found {
    // Every third message answers one or two others, seen or not; every seventh has no Message-ID.
    const answers = body % 3 === 2 ? [`b${body - (body % 4)}@x.example`] : [];
    if (body % 9 === 8) answers.push(`b${body + 3}@x.example`);
    return {
      uid: uid as Uid,
      keywords: [...keywords],
      deleted,
      modseq: '0',
      receivedAt: 1_700_000_000 + body * 60,
      size: 100 + body,
      structure: null,
      hasAttachment: body % 5 === 0,
      strongId: this.strongIds ? `strong${body}` : null,
      strongThread: null,
      envelope: envelope({
        subject: `Subject ${body}`,
        messageId: body % 7 === 6 ? null : `b${body}@x.example`,
        inReplyTo: answers,
        references: answers,
      }),
    };
  }

  deliver(box: Box): void {
    box.messages.set((box.next += 1), { body: (this.bodies += 1), keywords: new Set(), deleted: false });
  }

  /** Full comparison, as with a server that has no extension at all. */
  sync(box: Box): void {
    this.index.write((t) => {
      if (t.mailbox(box.id)?.uidvalidity !== box.uidvalidity) t.remap(box.id, box.uidvalidity);
      const known = t.uids(box.id);
      t.vanished(
        box.id,
        known.filter((uid) => !box.messages.has(uid)),
      );
      const here = [...box.messages.keys()].map((uid) => this.found(box, uid));
      t.keywords(
        box.id,
        here.filter(({ uid }) => known.includes(uid)),
      );
      t.add(
        box.id,
        here.filter(({ uid }) => !known.includes(uid)),
      );
      if (t.mailbox(box.id)?.state === 'remap') t.patchMailbox(box.id, { state: 'live' });
    });
  }

  /** The executor: each intent as a command, `refuse` as the server's NO. */
  execute(intents: readonly Intent[], refuse: boolean): void {
    for (const { id, email, want, at } of intents) {
      this.index.write((t) => t.intentsStarted([id]));
      if (want.kind === 'append') {
        this.#append(id, email, want, refuse);
        continue;
      }
      const box = this.boxes.find((one) => one.id === at?.mailbox);
      const message = at && box?.uidvalidity === at.uidvalidity ? box.messages.get(at.uid) : undefined;
      if (!box || !message || !at || refuse) {
        this.index.write((t) => t.intentRefused(id));
        continue;
      }
      let result: { mailbox: MailboxId; uid: Uid } | null = null;
      if (want.kind === 'keywords') {
        for (const keyword of want.add) message.keywords.add(keyword);
        for (const keyword of want.remove) message.keywords.delete(keyword);
      } else if (want.kind === 'destroy' || want.kind === 'leave') box.messages.delete(at.uid);
      else if (want.kind === 'move' || want.kind === 'copy') {
        const to = this.boxes.find((one) => one.id === want.to) as Box;
        if (want.kind === 'move') box.messages.delete(at.uid);
        to.messages.set((to.next += 1), { ...message, keywords: new Set(message.keywords) });
        if (this.copyUid) result = { mailbox: to.id, uid: to.next as Uid };
      }
      this.index.write((t) => t.intentDone(id, result));
    }
  }

  #append(id: number, row: EmailRow, want: Extract<Want, { kind: 'append' }>, refuse: boolean): void {
    const box = this.boxes.find((one) => one.id === want.mailbox);
    if (refuse || !box) return this.index.write((t) => t.intentRefused(id));
    const body = this.drafts.get(row) as number;
    box.messages.set((box.next += 1), { body, keywords: new Set(want.keywords), deleted: false });
    if (want.replaces) this.boxes.find((one) => one.id === want.replaces?.mailbox)?.messages.delete(want.replaces.uid);
    const result = this.copyUid ? { mailbox: box.id, uid: box.next as Uid } : null;
    this.index.write((t) => t.intentDone(id, result));
  }

  /** A draft is written, or written again over its earlier version. */
  draft(earlier: Email | undefined): void {
    const box = this.box(3);
    const body = (this.bodies += 1);
    this.index.write((t) => {
      const old = earlier && t.placements(earlier.row).find(({ uid }) => uid !== null);
      const number = t.addLocal(box.id, { ...this.message(0, body, ['$draft'], false), preview: 'draft' });
      const { row } = t.email(number) as Email;
      this.drafts.set(row, body);
      const replaces = old?.uid ? { mailbox: old.mailbox, uid: old.uid } : null;
      const receivedAt = 1_700_000_000 + body * 60;
      t.append(number, { kind: 'append', mailbox: box.id, keywords: ['$draft'], receivedAt, replaces }, 0);
      if (earlier) t.destroy(earlier.number, 0);
    });
  }

  /** A mailbox goes with all that is in it, and one of its name comes. */
  replace(at: number): void {
    const box = this.box(at);
    const role = roles[at % roles.length] ?? null;
    const id = this.index.write((t) => {
      t.removeMailbox(box.id);
      return t.saveMailbox(mailbox(role ?? '', role)).id;
    });
    Object.assign(box, { id, uidvalidity: 1, next: 1, messages: new Map<number, Message>() });
  }

  /** Ids of all Emails in any mailbox. */
  emails(): Email[] {
    return this.index.read((r) => {
      const numbers = new Set<EmailNumber>();
      for (const { id } of this.boxes) {
        for (const number of r.query(query({ filter: { op: 'is', inMailbox: id }, limit: 1e6 })).ids)
          numbers.add(number);
      }
      return r.emails([...numbers]);
    });
  }
}
