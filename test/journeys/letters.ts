/** Ada's mail, always the same: what the mock-ups show, and years of older letters below it. */

export interface Letter {
  id: string;
  thread: string;
  mailbox: string;
  from: [string, string];
  to?: [string, string][];
  subject: string;
  text: string;
  html?: string;
  preview?: string;
  at: string;
  keywords?: string[];
  attachments?: { name: string; type: string; size: number }[];
}

/** The morning on which every journey takes place, in Stockholm. */
export const morning = new Date('2025-11-06T09:50:00+01:00');

const ada: [string, string] = ['Ada Lindqvist', 'ada@lindqvist.example'];
const asa: [string, string] = ['Åsa Berg', 'asa@berg.example'];
const margit: [string, string] = ['Margit Sørensen', 'margit@arkitekt.example'];
const ines: [string, string] = ['Inês Carvalho', 'ines@carvalho.example'];

const quoted = (lines: number): string =>
  Array.from({ length: lines - 1 }, (_, index) => `> Line ${index + 1} of what was written before.`).join('\n');

const floorPlan = `Hello Ada,

I moved the fume hood two metres west so that both doors clear it, and turned the cold room by ninety degrees. That gives you the long bench by the windows that you asked for in the first meeting.

Three points need a decision from you before Friday:

- Sockets in the floor along the bench, or a rail on the wall?
- One sink at the entrance, or two smaller ones?
- The glass wall to the corridor: clear, or frosted to eye level?

The contractor can start on the 14th if the permits arrive by then.

Warm regards,
Margit

On Tue, 4 Nov 2025 at 11:05, Ada Lindqvist <ada@lindqvist.example> wrote:
${quoted(24)}
`;

const chapter = `Dear Ada,

One more thing on page 112: the caption of figure 6.4 says 1,400 hours, the text says 1,040. I think the text is right. Shall I change the caption?

And the copy editor asks if you want the acknowledgements in front or at the end of the chapter.

Inês

On Wed, 5 Nov 2025 at 18:20, Ada Lindqvist <ada@lindqvist.example> wrote:
${quoted(61)}
`;

const recent: Omit<Letter, 'id'>[] = [
  {
    thread: 'plan',
    mailbox: 'inbox',
    from: margit,
    subject: 'Revised floor plan for the new lab',
    text: 'Here is the first drawing. The corridor side is still open, so please look at it before we go on.',
    preview: 'Here is the first drawing. The corridor side is still open, so please look at',
    at: '2025-11-03T16:20:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'plan',
    mailbox: 'sent',
    from: ada,
    to: [margit],
    subject: 'Re: Revised floor plan for the new lab',
    text: 'Looks good to me. Can the fume hood move away from the east door?',
    at: '2025-11-04T11:05:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'plan',
    mailbox: 'inbox',
    from: margit,
    to: [ada, asa],
    subject: 'Revised floor plan for the new lab',
    text: floorPlan,
    preview: 'I moved the fume hood two metres west so that both doors clear it.',
    at: '2025-11-06T09:42:00+01:00',
    attachments: [
      { name: 'Lab, revision C.pdf', type: 'application/pdf', size: 2_400_000 },
      { name: 'View from the door.jpg', type: 'image/jpeg', size: 810_000 },
    ],
  },
  {
    thread: 'camp',
    mailbox: 'inbox',
    from: ['Tomasz Wilk', 'tomasz@wilk.example'],
    subject: 'Rowing camp: who can drive?',
    text: 'I can take four people and two single sculls on the roof.',
    at: '2025-11-06T09:18:00+01:00',
  },
  {
    thread: 'proofs',
    mailbox: 'inbox',
    from: ines,
    subject: 'Proofs for chapter 6',
    text: 'The proofs are here at last. The publisher wants them back in ten days, so please read them soon.',
    preview: 'The proofs are here at last. The publisher wants them back in ten days, so',
    at: '2025-10-27T10:00:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'proofs',
    mailbox: 'sent',
    from: ada,
    to: [ines],
    subject: 'Re: Proofs for chapter 6',
    text: 'Thank you. I begin tonight.',
    at: '2025-10-28T20:10:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'proofs',
    mailbox: 'inbox',
    from: ines,
    subject: 'Re: Proofs for chapter 6',
    text: 'Good. The figures come apart.',
    at: '2025-11-03T09:30:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'proofs',
    mailbox: 'sent',
    from: ada,
    to: [ines],
    subject: 'Re: Proofs for chapter 6',
    text: 'Figures received.',
    at: '2025-11-05T18:20:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'proofs',
    mailbox: 'inbox',
    from: ines,
    subject: 'Proofs for chapter 6',
    text: chapter,
    preview: 'One more thing on page 112: the caption of figure 6.4 says 1,400',
    at: '2025-11-06T08:57:00+01:00',
    keywords: ['$seen', '$flagged'],
  },
  {
    thread: 'loans',
    mailbox: 'inbox',
    from: ['Uppsala City Library', 'loans@library.example'],
    subject: 'Two loans are due on Friday',
    text: 'The Summer Book, and A Field Guide to Lichens.',
    html: '<div style="background:#eee;padding:24px"><table width="480" style="background:#fff"><tr><td style="padding:16px"><h1>Two loans are due</h1><p>The Summer Book, and A Field Guide to Lichens.</p><img src="https://track.library.example/a.png" width="1" height="1"><p><a href="https://library.example/renew">Renew both</a></p></td></tr></table></div>',
    at: '2025-11-06T08:30:00+01:00',
  },
  {
    thread: 'lunch',
    mailbox: 'inbox',
    from: ['Jonas Ek', 'jonas@ek.example'],
    subject: 'Lunch on Thursday?',
    text: 'The place by the lock has opened again and the soup is back.',
    at: '2025-11-06T07:51:00+01:00',
  },
  {
    thread: 'slots',
    mailbox: 'inbox',
    from: ['Hana Kobayashi', 'hana@kobayashi.example'],
    subject: 'Interview slots for the PhD position',
    text: 'Which days suit you?',
    at: '2025-11-05T12:00:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'slots',
    mailbox: 'inbox',
    from: ['Hana Kobayashi', 'hana@kobayashi.example'],
    subject: 'Interview slots for the PhD position',
    text: 'Wednesday after two, or any time on Friday, would suit me.',
    at: '2025-11-05T19:04:00+01:00',
    keywords: ['$seen', '$answered'],
  },
  {
    thread: 'gotland',
    mailbox: 'inbox',
    from: ['Greta Lindqvist', 'greta@lindqvist.example'],
    subject: 'Photos from Gotland',
    text: 'Finally! The one of Olle and the sheep is number eleven.',
    at: '2025-11-05T17:36:00+01:00',
    keywords: ['$seen', '$flagged'],
    attachments: [{ name: 'gotland-11.jpg', type: 'image/jpeg', size: 3_100_000 }],
  },
  {
    thread: 'ticket',
    mailbox: 'inbox',
    from: ['Nordic Rail', 'tickets@nordicrail.example'],
    subject: 'Your ticket Copenhagen to Malmö',
    text: 'Departure 14:03 from platform 5. Coach 3, seat 41.',
    at: '2025-11-05T14:41:00+01:00',
    attachments: [{ name: 'ticket.pdf', type: 'application/pdf', size: 120_000 }],
  },
  {
    thread: 'board',
    mailbox: 'inbox',
    from: asa,
    subject: 'Minutes of the safety board',
    text: 'Short this time. Item 4 needs an answer from you before the 20th.',
    at: '2025-11-05T13:15:00+01:00',
    keywords: ['$seen'],
  },
  {
    thread: 'draft1',
    mailbox: 'drafts',
    from: ada,
    to: [asa],
    subject: 'Item 4',
    text: 'Dear Åsa, on item 4',
    at: '2025-11-05T15:00:00+01:00',
    keywords: ['$draft', '$seen'],
  },
  {
    thread: 'draft2',
    mailbox: 'drafts',
    from: ada,
    to: [['Jonas Ek', 'jonas@ek.example']],
    subject: 'Boats',
    text: 'Jonas, about the boats',
    at: '2025-11-04T15:00:00+01:00',
    keywords: ['$draft', '$seen'],
  },
  {
    thread: 'lab1',
    mailbox: 'lab',
    from: margit,
    subject: 'Permits',
    text: 'The permits are with the city now.',
    at: '2025-11-04T10:00:00+01:00',
  },
  {
    thread: 'lab2',
    mailbox: 'lab',
    from: ['Ines Krogh', 'krogh@bygg.example'],
    subject: 'Ventilation',
    text: 'The ducts fit above the corridor.',
    at: '2025-11-02T10:00:00+01:00',
  },
  {
    thread: 'rowing1',
    mailbox: 'rowing',
    from: ['Tomasz Wilk', 'tomasz@wilk.example'],
    subject: 'Keys of the boathouse',
    text: 'Who has the second set of keys?',
    at: '2025-11-01T10:00:00+01:00',
  },
  ...[1, 2, 3, 4].map((n) => ({
    thread: `spam${n}`,
    mailbox: 'junk',
    from: ['Prize Office', `win${n}@prize.example`] as [string, string],
    subject: `You won, letter ${n}`,
    text: 'Claim your prize today.',
    at: `2025-11-0${n}T03:00:00+01:00`,
  })),
];

const names: [string, string][] = [
  ['Olle Nyström', 'olle@nystrom.example'],
  ['Karin Holm', 'karin@holm.example'],
  ['Bo Alm', 'bo@alm.example'],
  ['Sofia Lund', 'sofia@lund.example'],
  ['Per Dahl', 'per@dahl.example'],
];

/** Conversations of the inbox in all. */
const inboxSize = 1_284;

const older = (conversations: number): Omit<Letter, 'id'>[] =>
  Array.from({ length: conversations }, (_, index) => ({
    thread: `old${index}`,
    mailbox: 'inbox',
    from: names[index % names.length] as [string, string],
    subject: `Letter number ${index + 1}`,
    text: `This is letter number ${index + 1} of the years before.`,
    at: new Date(new Date('2025-11-04T12:00:00+01:00').getTime() - index * 5 * 3_600_000).toISOString(),
    keywords: index === 0 || index === 4 ? [] : ['$seen'],
  }));

/** Every letter of the account, oldest last. `conversations` of the inbox in all. */
export const lettersOf = (conversations = inboxSize): Letter[] => {
  const own = new Set(recent.filter((letter) => letter.mailbox === 'inbox').map((letter) => letter.thread)).size;
  return [...recent, ...older(Math.max(0, conversations - own))].map((letter, index) => ({
    ...letter,
    id: `M${index.toString(36)}`,
  }));
};

export const boxes = [
  { id: 'inbox', name: 'INBOX', role: 'inbox' },
  { id: 'drafts', name: 'Drafts', role: 'drafts' },
  { id: 'sent', name: 'Sent', role: 'sent' },
  { id: 'archive', name: 'Archive', role: 'archive' },
  { id: 'junk', name: 'Junk', role: 'junk' },
  { id: 'trash', name: 'Trash', role: 'trash' },
  { id: 'lab', name: 'New lab', role: null },
  { id: 'receipts', name: 'Receipts', role: null },
  { id: 'rowing', name: 'Rowing club', role: null },
] as const;
