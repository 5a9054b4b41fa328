/** The few letters of the demo that are ours: a welcome, a conversation between the two users, an HTML letter with an attachment. */
export interface DemoLetter {
  /** Whose mailbox, and which. */
  to: 'alice' | 'bob';
  mailbox: 'INBOX' | 'Sent';
  /** Minutes before the first start. */
  ago: number;
  flags: string;
  raw: (people: { alice: string; bob: string; date: string }) => string;
}

const letter = (head: readonly string[], body: string): string =>
  [...head, 'MIME-Version: 1.0', body].join('\r\n').replaceAll(/\r?\n/g, '\r\n');
const plain = (text: string): string =>
  `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${text}`;

const threadId = 'lab-floor-plan';
const id = (n: number): string => `<${threadId}.${n}@demo.test>`;

const plan = `<html><body><p>Hello Alice,</p><p>I moved the fume hood two metres west so that both doors clear it, and turned the cold room by ninety degrees. That gives you the long bench by the windows that you asked for in the first meeting.</p><p>Three points need a decision from you before Friday:</p><ul><li>Sockets in the floor along the bench, or a rail on the wall?</li><li>One sink at the entrance, or two smaller ones?</li><li>The glass wall to the corridor: clear, or frosted to eye level?</li></ul><p>The contractor can start on the 14th if the permits arrive by then.</p><p>Warm regards,<br>Bob</p></body></html>`;

export const letters: readonly DemoLetter[] = [
  {
    to: 'alice',
    mailbox: 'INBOX',
    ago: 2 * 24 * 60,
    flags: 'S',
    raw: (p) =>
      letter(
        [
          `From: Bob Ek <${p.bob}>`,
          `To: Alice Lindqvist <${p.alice}>`,
          'Subject: Revised floor plan for the new lab',
          `Date: ${p.date}`,
          `Message-ID: ${id(1)}`,
        ],
        plain('Here is the first drawing. The corridor side is still open, so please look at the doors.\n\nBob\n'),
      ),
  },
  {
    to: 'alice',
    mailbox: 'Sent',
    ago: 26 * 60,
    flags: 'S',
    raw: (p) =>
      letter(
        [
          `From: Alice Lindqvist <${p.alice}>`,
          `To: Bob Ek <${p.bob}>`,
          'Subject: Re: Revised floor plan for the new lab',
          `Date: ${p.date}`,
          `Message-ID: ${id(2)}`,
          `In-Reply-To: ${id(1)}`,
          `References: ${id(1)}`,
        ],
        plain(
          'Looks good to me. Can the fume hood move away from the east door?\n\nAlice\n\nBob Ek wrote:\n> Here is the first drawing. The corridor side is still open, so please look at\n> the doors.\n>\n> Bob\n',
        ),
      ),
  },
  {
    to: 'alice',
    mailbox: 'INBOX',
    ago: 40,
    flags: '',
    raw: (p) =>
      letter(
        [
          `From: Bob Ek <${p.bob}>`,
          `To: Alice Lindqvist <${p.alice}>`,
          'Subject: Re: Revised floor plan for the new lab',
          `Date: ${p.date}`,
          `Message-ID: ${id(3)}`,
          `In-Reply-To: ${id(2)}`,
          `References: ${id(1)} ${id(2)}`,
        ],
        `Content-Type: multipart/mixed; boundary="demo"\n\n--demo\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${plan}\n--demo\nContent-Type: text/csv; name="Bench, revision C.csv"\nContent-Disposition: attachment; filename="Bench, revision C.csv"\nContent-Transfer-Encoding: base64\n\n${Buffer.from('item,width in cm\nbench,420\nsink,60\nfume hood,180\n').toString('base64')}\n--demo--\n`,
      ),
  },
  {
    to: 'alice',
    mailbox: 'INBOX',
    ago: 5,
    flags: '',
    raw: (p) =>
      letter(
        [
          `From: Postern <postern@demo.test>`,
          `To: Alice Lindqvist <${p.alice}>`,
          'Subject: Welcome to Postern',
          `Date: ${p.date}`,
          'Message-ID: <welcome.alice@demo.test>',
        ],
        plain(
          `Good day,\n\nthis mailbox is a demo: a real Dovecot on this machine, with 6,046 real letters of the year 2002 and a few of ours.\n\nPress j and k to walk, Enter to open, e to archive, z to take it back, c to write, ? for all keys.\n\nWrite to ${p.bob} and sign in as Bob in another browser: the letter is there.\n`,
        ),
      ),
  },
  {
    to: 'bob',
    mailbox: 'INBOX',
    ago: 26 * 60,
    flags: 'S',
    raw: (p) =>
      letter(
        [
          `From: Alice Lindqvist <${p.alice}>`,
          `To: Bob Ek <${p.bob}>`,
          'Subject: Re: Revised floor plan for the new lab',
          `Date: ${p.date}`,
          `Message-ID: ${id(2)}`,
          `In-Reply-To: ${id(1)}`,
          `References: ${id(1)}`,
        ],
        plain('Looks good to me. Can the fume hood move away from the east door?\n\nAlice\n'),
      ),
  },
  {
    to: 'bob',
    mailbox: 'INBOX',
    ago: 4,
    flags: '',
    raw: (p) =>
      letter(
        [
          `From: Postern <postern@demo.test>`,
          `To: Bob Ek <${p.bob}>`,
          'Subject: Welcome to Postern',
          `Date: ${p.date}`,
          'Message-ID: <welcome.bob@demo.test>',
        ],
        plain(`Good day,\n\nyou are Bob. Write to ${p.alice}, who has the larger mailbox.\n`),
      ),
  },
];
