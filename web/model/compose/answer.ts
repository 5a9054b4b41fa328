import type { Email, EmailAddress, Identity } from '#jmap/mail.ts';
import { type Attached, emptyLetter, type Letter, type Quote } from './letter.ts';

/** What of a message is needed to answer or forward it. */
export type Original = Pick<
  Email,
  | 'id'
  | 'messageId'
  | 'references'
  | 'inReplyTo'
  | 'from'
  | 'replyTo'
  | 'to'
  | 'cc'
  | 'bcc'
  | 'subject'
  | 'sentAt'
  | 'receivedAt'
  | 'attachments'
> & {
  text: string;
  html: string | null;
  /** Message-ID of what a draft forwards. */
  forwards?: string | null;
  /** Where its author wants answers to all to go, if anywhere in particular. */
  followUpTo?: readonly EmailAddress[] | null;
};

type AnswerKind = 'reply' | 'replyAll' | 'forward';

/** Of an address with `+` and more (RFC 5233) the one whose mailbox it is. */
const mailboxOf = (email: string): string => email.toLowerCase().replace(/\+[^@]*(?=@)/u, '');
const isOf = (mine: readonly string[], email: string): boolean =>
  mine.some((each) => mailboxOf(each) === mailboxOf(email));

/** Each address once, the first time it comes. */
const distinct = (list: readonly EmailAddress[], but: readonly string[] = []): EmailAddress[] => {
  const seen = new Set(but.map((email) => email.toLowerCase()));
  return list.filter(({ email }) => {
    const key = email.toLowerCase();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
};

/** The identity that received the letter, else the first. */
export const identityFor = (original: Original, identities: readonly Identity[]): Identity | null => {
  const reached = [...(original.to ?? []), ...(original.cc ?? []), ...(original.bcc ?? []), ...(original.from ?? [])];
  const by = (of: (email: string) => string): Identity | undefined =>
    identities.find(({ email }) => reached.some((each) => of(each.email) === of(email)));
  return by((email) => email.toLowerCase()) ?? by(mailboxOf) ?? identities[0] ?? null;
};

const answered =
  /^(?:\s*(?:re|aw|sv|antw|vs|rif|res|odp|ynt|отв|ответ|απ|回复|回覆|答复|返信|回信|답장|회신|رد|השב)(?:[[(]\d+[\])])?\s*[:：])+/iu;
const forwarded = /^(?:\s*(?:fwd?|wg|tr|vb|rv|enc|doorst|пер|πρθ|转发|轉寄|転送|전달|הועבר)\s*[:：])+/iu;

/** `Re: x` and `Fwd: x`, without heaping up what other programs put before it (RFC 5322 §3.6.5). */
export const answerSubject = (subject: string | null, kind: AnswerKind): string =>
  kind === 'forward'
    ? `Fwd: ${(subject ?? '').replace(forwarded, '').trim()}`.trimEnd()
    : `Re: ${(subject ?? '').replace(answered, '').trim()}`.trimEnd();

/** In-Reply-To and References of an answer (RFC 5322 §3.6.4), at most 20: the first and the newest. */
const chain = (original: Original): { inReplyTo: string[]; references: string[] } => {
  const parent = original.messageId?.[0];
  const before = original.references?.length
    ? original.references
    : original.inReplyTo?.length === 1
      ? original.inReplyTo
      : [];
  const all = [...new Set([...before, ...(parent === undefined ? [] : [parent])])];
  const references = all.length > 20 ? [...all.slice(0, 1), ...all.slice(-19)] : all;
  return { inReplyTo: parent === undefined ? [] : [parent], references };
};

const spelled = (list: readonly EmailAddress[] | null): string =>
  (list ?? []).map(({ name, email }) => (name ? `${name} <${email}>` : email)).join(', ');

const quoteOf = (original: Original, kind: AnswerKind, when: string): Quote => {
  const { text, html } = original;
  if (kind !== 'forward') {
    const who = original.from?.[0];
    return { kind: 'reply', lead: `On ${when}, ${who?.name || who?.email || 'somebody'} wrote:`, text, html };
  }
  const lines = [
    '---------- Forwarded message ----------',
    `From: ${spelled(original.from)}`,
    `Date: ${when}`,
    `Subject: ${original.subject ?? ''}`,
    `To: ${spelled(original.to)}`,
    ...(original.cc?.length ? [`Cc: ${spelled(original.cc)}`] : []),
  ];
  return { kind: 'forward', lead: lines.join('\n'), text, html };
};

const toOf = (original: Original, mine: readonly string[]): EmailAddress[] => {
  const author = original.from?.[0];
  // One's own letter is answered to those it went to.
  if (author && isOf(mine, author.email)) return distinct(original.to ?? []);
  return distinct(original.replyTo?.length ? original.replyTo : (original.from ?? []));
};

/** Images that stand in the quote go with it; files only when forwarding. */
const carried = (original: Original, kind: AnswerKind): Attached[] =>
  original.attachments.flatMap((part, index) => {
    if (part.blobId === null) return [];
    const inText = part.cid !== null && original.html?.includes(`cid:${part.cid}`) === true;
    if (!inText && kind !== 'forward') return [];
    return [
      {
        key: `o${index}`,
        name: part.name ?? 'attachment',
        type: part.type,
        size: part.size,
        cid: inText ? part.cid : null,
        upload: { at: 'ready', blobId: part.blobId },
      },
    ];
  });

/** The letter that answers or forwards `original`. `when` is its date as the reader sees it. */
export const answer = (original: Original, kind: AnswerKind, identities: readonly Identity[], when: string): Letter => {
  const mine = identities.map((identity) => identity.email);
  const author = original.from?.[0];
  const own = author !== undefined && isOf(mine, author.email);
  const others = (list: readonly EmailAddress[]): EmailAddress[] => list.filter(({ email }) => !isOf(mine, email));
  const followUp = kind === 'replyAll' && !own ? others(distinct(original.followUpTo ?? [])) : [];
  const to = kind === 'forward' ? [] : followUp.length > 0 ? followUp : toOf(original, mine);
  const cc =
    kind === 'replyAll' && followUp.length === 0
      ? others(
          distinct(
            [...(original.to ?? []), ...(original.cc ?? [])],
            to.map((each) => each.email),
          ),
        )
      : [];
  return {
    ...emptyLetter,
    identityId: identityFor(original, identities)?.id ?? null,
    to,
    cc,
    subject: answerSubject(original.subject, kind),
    mode: 'rich',
    quote: quoteOf(original, kind, when),
    attachments: carried(original, kind),
    ...(kind === 'forward' ? { forwards: original.messageId?.[0] ?? null } : chain(original)),
    originalId: original.id,
  };
};
