/** One thing a server can do or cannot, and what that means to the people who use Postern with it. */
export interface Ability {
  name: string;
  has: boolean;
  words: string;
}

type Row = readonly [name: string, has: string, missing: string];

/** What of IMAP Postern makes use of. */
const imapRows: readonly Row[] = [
  ['IDLE', 'New mail is shown at once.', 'New mail is asked for every 15 seconds.'],
  ['NOTIFY', 'All folders are watched at once.', 'Folders other than the inbox are compared once a minute.'],
  [
    'QRESYNC',
    'What changed elsewhere comes in one answer, removals included.',
    'What was removed elsewhere is found by comparing all message numbers.',
  ],
  [
    'CONDSTORE',
    'Only flags that changed are read.',
    'The flags of the newest messages are read again; older ones may be shown as they were.',
  ],
  [
    'PREVIEW',
    'The first words of a message come from the server.',
    'The first words of a message appear later: each text has to be fetched for them.',
  ],
  [
    'SPECIAL-USE',
    'Sent, Drafts, Trash and Junk are known.',
    'Sent, Drafts, Trash and Junk are recognised by their names; the user can correct it.',
  ],
  [
    'MOVE',
    'Moving is one step.',
    'Moving is copying and deleting; if the line breaks in between, a second copy may be seen for a while.',
  ],
  [
    'UIDPLUS',
    'After a move the new place of a message is known.',
    'After a move a message has to be looked for, and deleted ones stay in their folder until it is emptied.',
  ],
  [
    'OBJECTID',
    'A message keeps its identity wherever it is moved.',
    'A message that another program moves is recognised by its header; rarely it counts as a new one.',
  ],
  ['ESEARCH', 'Lists of message numbers are short.', 'Lists of message numbers are long; a first look takes longer.'],
  [
    'LIST-STATUS',
    'The counts of all folders come in one answer.',
    'The counts of each folder take a question of their own; many folders are slow.',
  ],
  ['LITERAL+', 'A letter is filed without waiting.', 'Filing a letter takes one round trip more.'],
  [
    'QUOTA',
    'The user sees how full the mailbox is.',
    'Nobody sees how full the mailbox is until a letter does not fit.',
  ],
  ['ID', 'The server says what it is.', 'What is special about this server has to be guessed.'],
];

/** Which word another one includes: RFC 7162 §3.2.1, RFC 7888 §5, RFC 9051 §E. */
const implied: Readonly<Record<string, readonly string[]>> = {
  CONDSTORE: ['QRESYNC'],
  'LITERAL+': ['LITERAL-'],
};

const revision2 = new Set(['IDLE', 'SPECIAL-USE', 'MOVE', 'UIDPLUS', 'ESEARCH', 'LIST-STATUS', 'LITERAL+']);

const unbroken = (capabilities: readonly string[], broken: readonly string[]): Set<string> =>
  new Set(capabilities.map((word) => word.toUpperCase()).filter((word) => !broken.includes(word)));

/** `broken`: what this server offers and Postern does not use, since it does not work there. */
export const imapAbilities = (capabilities: readonly string[], broken: readonly string[] = []): Ability[] => {
  const words = unbroken(capabilities, broken);
  const able = (name: string): boolean =>
    [name, ...(implied[name] ?? [])].some(
      (word) => words.has(word) || [...words].some((w) => w.startsWith(`${word}=`)),
    ) ||
    (revision2.has(name) && words.has('IMAP4REV2'));
  return imapRows.map(([name, has, missing]) => {
    const can = able(name);
    const offered = !can && broken.includes(name) ? ' The server offers it, but it does not work there.' : '';
    return { name, has: can, words: can ? has : `${missing}${offered}` };
  });
};

const smtpRows: readonly Row[] = [
  ['PIPELINING', 'Sending takes few round trips.', 'Each recipient costs a round trip.'],
  ['8BITMIME', 'Texts go out as they are.', 'Texts beyond ASCII are encoded.'],
  [
    'SMTPUTF8',
    'Addresses may have letters beyond ASCII.',
    'A letter to an address with letters beyond ASCII is refused.',
  ],
  [
    'FUTURERELEASE',
    'The server can hold a letter for later.',
    'A letter for later waits in Postern and goes out while its account is unlocked.',
  ],
  ['DSN', 'A report of delivery can be asked for.', 'No report of delivery can be asked for.'],
  ['CHUNKING', 'Large letters can go out in pieces; Postern does without.', 'Nothing is lost: Postern does without.'],
  ['ENHANCEDSTATUSCODES', 'Refusals are told apart exactly.', 'Why a letter is refused is read from its words.'],
];

const megabytes = (bytes: number): string => `${Math.max(1, Math.round(bytes / 1_000_000))} MB`;

const sizeAbility = (keywords: readonly string[]): Ability => {
  const said = keywords.find((line) => /^SIZE\b/i.test(line));
  const bytes = Number(said?.split(' ')[1] ?? 0);
  if (said === undefined)
    return { name: 'SIZE', has: false, words: 'How large a letter may be is known only when it is refused.' };
  return {
    name: 'SIZE',
    has: true,
    words: bytes > 0 ? `Letters up to ${megabytes(bytes)} are taken.` : 'The server names no limit for letters.',
  };
};

export const smtpAbilities = (keywords: readonly string[]): Ability[] => {
  const words = new Set(keywords.map((line) => (line.split(' ')[0] ?? '').toUpperCase()));
  return [
    sizeAbility(keywords),
    ...smtpRows.map(([name, has, missing]) => ({
      name,
      has: words.has(name),
      words: words.has(name) ? has : missing,
    })),
  ];
};

/** How people may sign in: mechanisms of `AUTH=X` (IMAP) or `AUTH X Y` (SMTP), in upper case. */
export const mechanismsOf = (capabilities: readonly string[]): string[] => [
  ...new Set(
    capabilities.flatMap((word) => {
      const upper = word.toUpperCase();
      return upper.startsWith('AUTH') ? upper.slice(5).split(/[ =]+/).filter(Boolean) : [];
    }),
  ),
];

/** What the ways to sign in mean for a password. */
export const signInWords = (protocol: 'imap' | 'smtp', capabilities: readonly string[]): string => {
  const offered = mechanismsOf(capabilities);
  const tokens = offered.some((name) => name === 'OAUTHBEARER' || name === 'XOAUTH2');
  const byLogin = protocol === 'imap' && !capabilities.some((word) => word.toUpperCase() === 'LOGINDISABLED');
  if (offered.includes('SCRAM-SHA-256')) return 'SCRAM-SHA-256: the server proves itself and never gets the password.';
  if (offered.includes('PLAIN') || offered.includes('LOGIN') || byLogin)
    return `The password goes to the server, over TLS.${tokens ? ' Tokens (OAuth 2) are taken as well.' : ''}`;
  return tokens
    ? 'Tokens (OAuth 2) only; a password is not taken.'
    : 'No way to sign in with a password is offered here.';
};
