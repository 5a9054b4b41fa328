import type { Envelope } from '../types.ts';
import { baseSubject } from './subject.ts';

/** Every bit of the two words counts for every bit of the hash. */
const mixed = (a: number, b: number): number => {
  const low = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  const high = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return (high >>> 16) * 2 ** 32 + (low >>> 0);
};

/** 48 bits of a text: enough to tell a few million Message-IDs apart, small enough for a rowid. Not for secrets. */
export const hash48 = (text: string): number => {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  return mixed(a, b);
};

export interface Keys {
  /** Of the message's own id; null when it has none worth the name. */
  own: number | null;
  /** The same under its subject ({@link underSubject}). */
  ownHere: number | null;
  /** Of the ids it answers: In-Reply-To, and the first and last 19 of References. */
  parents: number[];
  /** The same under the subject of the message, where it joins them only so. */
  parentsHere: number[];
  /** It names others only in References: it joins them only under the same subject. */
  weak: boolean;
  /** Of the conversation's id at the server; it alone decides when there is one. */
  strong: number | null;
  subject: number;
}

/** An id without @ is made up by something that does not know what it is for. */
const usable = (id: string): boolean => id.includes('@');
const lastOfReferences = 19;

/** The key of an id for messages of one subject only. */
const underSubject = (key: number, subject: number): number =>
  mixed(
    Math.imul(key ^ 0xdeadbeef, 2654435761) ^ Math.imul(subject ^ 0x41c6ce57, 1597334677),
    Math.imul((key / 2 ** 32) ^ subject, 2654435761) ^ Math.imul((subject / 2 ** 32) ^ key, 1597334677),
  );

type Named = Pick<Envelope, 'messageId' | 'inReplyTo' | 'references' | 'subject'>;

export const keysOf = (envelope: Named, strongThread: string | null): Keys => {
  const { messageId, inReplyTo, references } = envelope;
  const own = messageId !== null && usable(messageId) ? hash48(messageId) : null;
  const chain =
    references.length > lastOfReferences + 1
      ? [references[0] ?? '', ...references.slice(-lastOfReferences)]
      : references;
  const answered = inReplyTo.filter(usable);
  const ids = new Set<number>();
  for (const id of answered) ids.add(hash48(id));
  for (const id of chain) if (usable(id)) ids.add(hash48(id));
  if (own !== null) ids.delete(own);
  const parents = [...ids];
  const weak = answered.length === 0 && parents.length > 0;
  const subject = hash48(baseSubject(envelope.subject));
  return {
    own,
    ownHere: own === null ? null : underSubject(own, subject),
    parents,
    parentsHere: weak ? parents.map((parent) => underSubject(parent, subject)) : [],
    weak,
    strong: strongThread === null ? null : hash48(`server ${strongThread}`),
    subject,
  };
};
