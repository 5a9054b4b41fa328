import type { MailboxId, UTCDate } from '#jmap/ids.ts';
import type { EmailFilter } from '#jmap/mail.ts';
import { mailboxName, type Mailboxes } from './mailboxes.ts';
import type { Filter } from './types.ts';

/**
 * The search language: words, "phrases", `-not`, `OR`, and operators
 * from: to: cc: bcc: subject: body: in: is: has: filename: larger: smaller: before: after: older_than: newer_than: list:
 */
export interface Token {
  /** Where it stands in the text. */
  from: number;
  to: number;
  /** `from`, `has` ...; null for words. */
  operator: string | null;
  value: string;
  negated: boolean;
}

export interface Question {
  /** null: nothing was asked. */
  filter: Filter | null;
  tokens: readonly Token[];
  /** What cannot be answered, in words for the reader. Such tokens are left out of the filter. */
  unanswered: readonly string[];
}

const token = /(-?)(?:([a-z_]+):)?(?:"([^"]*)"?|([^\s"]+))|(-?)([a-z_]+):(?=\s|$)/giu;

const operators = new Set([
  'from',
  'to',
  'cc',
  'bcc',
  'subject',
  'body',
  'in',
  'is',
  'has',
  'filename',
  'larger',
  'smaller',
  'before',
  'after',
  'older_than',
  'newer_than',
  'list',
  'account',
]);

export const tokensOf = (text: string): Token[] =>
  [...text.matchAll(token)].flatMap((match) => {
    const [whole, minus, name, phrase, word] = match;
    const operator = name?.toLowerCase() ?? null;
    const known = operator !== null && operators.has(operator);
    const from = match.index;
    const value = phrase ?? word ?? '';
    if (!known && value === '' && !name) return [];
    return [
      {
        from,
        to: from + whole.length,
        operator: known ? operator : null,
        value: known || operator === null ? value : `${name}:${value}`,
        negated: minus === '-' && whole.length > 1,
      },
    ];
  });

const units: Record<string, number> = { d: 1, w: 7, m: 30, y: 365 };
const day = 86_400_000;

const utc = (at: Date): UTCDate => `${at.toISOString().slice(0, 19)}Z` as UTCDate;

/** `2026/11/22`, `2026-11-22`, `2026-11`, `2026`, in local time. */
const dateOf = (value: string): Date | undefined => {
  const match = /^(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?$/u.exec(value);
  if (!match) return undefined;
  return new Date(Number(match[1]), Number(match[2] ?? 1) - 1, Number(match[3] ?? 1));
};

const agoOf = (value: string, now: Date): Date | undefined => {
  const match = /^(\d{1,4})([dwmy])$/iu.exec(value);
  return match
    ? new Date(now.getTime() - Number(match[1]) * (units[(match[2] ?? 'd').toLowerCase()] ?? 1) * day)
    : undefined;
};

const octetsOf = (value: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)b?$/iu.exec(value);
  const power = { '': 0, k: 1, m: 2, g: 3 }[(match?.[2] ?? '').toLowerCase()] ?? 0;
  return match ? Math.round(Number(match[1]) * 1000 ** power) : undefined;
};

const states: Record<string, EmailFilter> = {
  unread: { notKeyword: '$seen' },
  read: { hasKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' },
  flagged: { hasKeyword: '$flagged' },
  answered: { hasKeyword: '$answered' },
  replied: { hasKeyword: '$answered' },
  forwarded: { hasKeyword: '$forwarded' },
  draft: { hasKeyword: '$draft' },
};

type Answer = EmailFilter | string;

const mailboxOf = (value: string, mailboxes: Mailboxes): MailboxId | undefined => {
  const wanted = value.toLowerCase();
  return [...(mailboxes.all.value?.values() ?? [])].find(
    (mailbox) =>
      mailbox.role === wanted || mailboxName(mailbox).toLowerCase() === wanted || mailbox.name.toLowerCase() === wanted,
  )?.id;
};

const dated = (at: Date | undefined, side: 'before' | 'after', said: string): Answer =>
  at ? { [side]: utc(at) } : `${said} is not a date. Try 2026-11-22, or older_than:2w.`;

const sized = (octets: number | undefined, side: 'minSize' | 'maxSize', said: string): Answer =>
  octets === undefined ? `${said} is not a size. Try larger:5m.` : { [side]: octets };

const answer = ({ operator, value }: Token, mailboxes: Mailboxes, now: Date): Answer => {
  const said = operator === null ? value : `${operator}:${value}`;
  if (value === '') return `${said} needs a value.`;
  switch (operator) {
    case null:
      return { text: value };
    case 'from':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'subject':
    case 'body':
      return { [operator]: value };
    case 'in': {
      if (value.toLowerCase() === 'anywhere') return {};
      const id = mailboxOf(value, mailboxes);
      return id === undefined ? `There is no folder “${value}”.` : { inMailbox: id };
    }
    case 'is':
      return states[value.toLowerCase()] ?? `is:${value} is not known. Try is:unread, is:starred, is:answered.`;
    case 'has':
      if (/^(attachment|file)s?$/iu.test(value)) return { hasAttachment: true };
      return `has:${value} is not known. Try has:attachment.`;
    case 'list':
      return { header: ['List-Id', value] };
    case 'before':
      return dated(dateOf(value), 'before', said);
    case 'after':
      return dated(dateOf(value), 'after', said);
    case 'older_than':
      return dated(agoOf(value, now), 'before', said);
    case 'newer_than':
      return dated(agoOf(value, now), 'after', said);
    case 'larger':
      return sized(octetsOf(value), 'minSize', said);
    case 'smaller':
      return sized(octetsOf(value), 'maxSize', said);
    default:
      return `${said} cannot be searched for here.`;
  }
};

const simpler = (all: readonly Filter[]): Filter | null => {
  if (all.length === 0) return null;
  return all.length === 1 ? (all[0] ?? null) : { operator: 'AND', conditions: [...all] };
};

export const ask = (text: string, mailboxes: Mailboxes, now: Date): Question => {
  const tokens = tokensOf(text);
  const unanswered: string[] = [];
  /** Alternatives between `OR`; each a list of conditions that must all hold. */
  const every: Filter[] = [];
  let joinNext = false;
  for (const each of tokens) {
    if (each.operator === null && each.value === 'OR' && every.length > 0) {
      joinNext = true;
      continue;
    }
    const one = answer(each, mailboxes, now);
    if (typeof one === 'string') {
      unanswered.push(one);
      continue;
    }
    if (Object.keys(one).length === 0) continue;
    const condition: Filter = each.negated ? { operator: 'NOT', conditions: [one] } : one;
    const before = joinNext ? every.pop() : undefined;
    joinNext = false;
    every.push(before ? { operator: 'OR', conditions: [before, condition] } : condition);
  }
  const where = tokens.some((each) => each.operator === 'in' && !each.negated);
  const hidden = mailboxes.hidden.value;
  if (every.length > 0 && !where && hidden.length > 0) every.push({ inMailboxOtherThan: [...hidden] });
  return { filter: simpler(every), tokens, unanswered };
};

/** The text without one token. */
export const without = (text: string, { from, to }: Token): string =>
  `${text.slice(0, from).trimEnd()} ${text.slice(to).trimStart()}`.trim();
