import { random } from './random.ts';
import { type Person, people, subject } from './words.ts';

/** One message of the generated mailbox before it is written. */
export interface Planned {
  n: number;
  /** Unix seconds. */
  at: number;
  mailbox: string;
  from: Person;
  to: Person;
  subject: string;
  messageId: string;
  /** Message-IDs of its ancestors, oldest first. */
  ancestors: string[];
  /** 7 % say only In-Reply-To, 1 % nothing: as real programs do. */
  threading: 'references' | 'in-reply-to' | 'none';
  list: string | null;
  needles: { brontide: boolean; gloaming: boolean; nacreous: boolean };
}

export interface Plan {
  messages: Planned[];
  threads: number;
}

const length = (x: number, between: (low: number, high: number) => number): number =>
  x < 0.45 ? 1 : x < 0.63 ? 2 : x < 0.75 ? 3 : x < 0.92 ? between(4, 8) : x < 0.97 ? between(9, 15) : between(16, 30);

/**
 * Conversations of 1 to 30 messages over four years: most of `size` in INBOX, the owner's own replies in Sent, a tenth in
 * twenty folders. Subject needle `falconry` in whole conversations; body needles in plain, base64 and HTML text.
 */
export const plan = (size: number, owner: Person): Plan => {
  const crowd = people(random(101));
  const end = Date.UTC(2026, 10, 20, 18) / 1000;
  const span = 4 * 365 * 86_400;
  const messages: Planned[] = [];
  let threads = 0;
  while (messages.length < size) {
    const r = random(202, threads);
    threads += 1;
    const count = Math.min(length(r.next(), r.between), size - messages.length);
    const topic = `${subject(r)}${threads % 400 === 7 ? ' falconry' : ''}`;
    const mailbox = r.chance(0.1) ? `Folder ${r.between(1, 20)}` : 'INBOX';
    const list = r.chance(0.25) ? r.pick(['dev', 'announce', 'users', 'board']) : null;
    const circle = Array.from({ length: r.between(1, 5) }, () => r.favour(crowd));
    const line: Planned[] = [];
    let at = end - r.below(span);
    for (let i = 0; i < count; i += 1) {
      const mine = i > 0 ? r.chance(0.22) : r.chance(0.05);
      const parent = i === 0 ? undefined : r.chance(0.75) ? line[i - 1] : r.pick(line);
      const from = mine ? owner : r.pick(circle);
      const n = messages.length;
      const planned: Planned = {
        n,
        at: Math.min(at, end - r.below(3600)),
        mailbox: mine ? 'Sent' : mailbox,
        from,
        to: mine ? r.pick(circle) : owner,
        subject: i === 0 ? topic : `Re: ${topic}`,
        messageId: `<${r.hex(16)}.${n.toString(36)}@${from.address.split('@')[1] ?? 'x'}>`,
        ancestors: parent ? [...parent.ancestors, parent.messageId] : [],
        threading: r.chance(0.07) ? 'in-reply-to' : r.chance(0.01) ? 'none' : 'references',
        list: mine ? null : list,
        needles: { brontide: n % 997 === 13, gloaming: n % 1499 === 17, nacreous: n % 1499 === 1 },
      };
      line.push(planned);
      messages.push(planned);
      at += Math.round(Math.exp(4 + r.next() * 8));
    }
  }
  return { messages: messages.toSorted((a, b) => a.at - b.at || a.n - b.n), threads };
};
