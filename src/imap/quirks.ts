/**
 * What servers do differently from what they say, in one table. An entry knows its server by host name, greeting, ID
 * answer or marker capability, and changes values of {@link Quirks}; nothing else in Postern asks which server it is.
 */
export interface Quirks {
  /** Entries that apply, for the log and for an operator who wants one off. */
  names: readonly string[];
  /** Capabilities that are offered and do not work. */
  broken: readonly string[];
  /** Longest command line, bytes. */
  commandLine: number;
  /** Most messages one FETCH may ask for. */
  fetchBatch: number;
  /** Connections one account may hold. */
  connections: number;
  /** Send ID although the capability is not there. */
  sendId: boolean;
  /** LIST without RETURN or selection options. */
  plainList: boolean;
  /** The server files a copy of what its submission server takes. */
  filesSent: boolean;
  /** The folders are labels, `\All` holds every message once. */
  labels: boolean;
  /** Only the newest so many messages of a mailbox are visible; null: all. */
  window: number | null;
  /** `BODY[]<0.n>` is answered with the whole section. */
  ignoresPartial: boolean;
  /** RFC822.SIZE is an estimate. */
  sizeIsEstimate: boolean;
  /** New mail is not announced in IDLE reliably. */
  mustPoll: boolean;
  /** X-GUID names a message wherever it is copied or moved; no capability tells. */
  guid: boolean;
  /** Section numbers inside attached messages are wrong: read them from BODY[n] instead. */
  wrongInnerSections: boolean;
}

export interface ServerFacts {
  host: string;
  greeting: string;
  capabilities: Iterable<string>;
  /** RFC 2971, keys lower-case. */
  id: Readonly<Record<string, string>>;
}

export const plain: Quirks = {
  names: [],
  broken: [],
  commandLine: 8000,
  fetchBatch: 500,
  connections: 3,
  sendId: false,
  plainList: false,
  filesSent: false,
  labels: false,
  window: null,
  ignoresPartial: false,
  sizeIsEstimate: false,
  mustPoll: false,
  guid: false,
  wrongInnerSections: false,
};

interface Mark {
  /** Host name or a domain it ends in. */
  hosts?: readonly string[];
  /** Words in the greeting, any case. */
  greeting?: RegExp;
  capability?: string;
  /** Words in the `name` or `vendor` of ID. */
  id?: RegExp;
}

interface Entry {
  name: string;
  /** Any of them is enough. */
  marks: Mark;
  changes: Partial<Omit<Quirks, 'names'>>;
  source: string;
}

export const quirkTable: readonly Entry[] = [
  {
    name: 'gmail',
    marks: {
      hosts: ['imap.gmail.com', 'imap.googlemail.com', 'smtp.gmail.com'],
      capability: 'X-GM-EXT-1',
      greeting: /Gimap ready/i,
    },
    changes: { labels: true, filesSent: true, fetchBatch: 2000, commandLine: 16_000 },
    source: 'Gmail IMAP extensions; MailKit ImapEngine (16k lines); omamail issue 60 (second copy in Sent)',
  },
  {
    name: 'exchange',
    marks: {
      hosts: ['outlook.office365.com', 'imap-mail.outlook.com', 'outlook.live.com'],
      greeting: /Microsoft Exchange/i,
      id: /Microsoft\.Exchange/i,
    },
    changes: { filesSent: true, sizeIsEstimate: true, commandLine: 4000, fetchBatch: 1000 },
    source: 'nextcloud/mail issue 6038 (Command Error. 10); imapclient issue 385 (1,900 messages a command)',
  },
  {
    name: 'yahoo',
    marks: {
      hosts: ['imap.mail.yahoo.com', 'imap.mail.yahoo.co.jp', 'imap.aol.com'],
      capability: 'XYMHIGHESTMODSEQ',
    },
    changes: { commandLine: 1000, fetchBatch: 500, connections: 2, window: 10_000 },
    source: 'MailKit ImapEngine (1,000 bytes); bichon issue 271 (newest 10,000 only)',
  },
  {
    name: 'icloud',
    marks: { hosts: ['imap.mail.me.com'], capability: 'XAPPLEPUSHSERVICE' },
    changes: { broken: ['QRESYNC', 'ESEARCH'] },
    source: 'Mailspring-Sync issue 91, MailKit issue 1871 (mail disappears); nextcloud/mail issue 9454 (ESEARCH)',
  },
  {
    name: 'yandex',
    marks: { hosts: ['imap.yandex.com', 'imap.yandex.ru', 'imap.ya.ru'], greeting: /Yandex/i },
    changes: { broken: ['XLIST'], mustPoll: true },
    source: 'Mailspring 2026-02-10 (drops IDLE); imapclient issue 234 (XLIST)',
  },
  {
    name: 'netease',
    marks: { hosts: ['imap.163.com', 'imap.126.com', 'imap.yeah.net', 'imap.188.com'], greeting: /Coremail/i },
    changes: { sendId: true, connections: 2 },
    source: 'roundcube issue 9414, himalaya issue 651 ("Unsafe Login" without ID)',
  },
  {
    name: 'qq',
    marks: { hosts: ['imap.qq.com', 'imap.exmail.qq.com'], greeting: /QQMail/i },
    changes: { sendId: true, connections: 2, ignoresPartial: true },
    source: 'imapflow download.js (exmail ignores the partial range)',
  },
  {
    name: 'zoho',
    marks: { hosts: ['imap.zoho.com', 'imap.zoho.eu', 'imappro.zoho.com', 'imap.zoho.in'], greeting: /Zoho Mail/i },
    changes: { filesSent: true },
    source: 'nylas/sync-engine issue 365 (own copy in Sent)',
  },
  {
    name: 'proton-bridge',
    marks: { capability: 'XSTOP', greeting: /Proton Mail Bridge|gluon session/i },
    changes: { plainList: true, labels: true, filesSent: true },
    source: 'MailKit issue 674 (BAD on LIST (SPECIAL-USE)); proton-bridge issue 220 (labels as folders)',
  },
  {
    name: 'courier',
    marks: { greeting: /Courier-IMAP/i },
    changes: { mustPoll: true, connections: 2, commandLine: 16_000 },
    source: 'roundcube issue 5460; seen with Courier 5.0: IDLE tells nothing without FAM',
  },
  {
    name: 'dovecot',
    marks: { greeting: /Dovecot/i, id: /^Dovecot/i },
    changes: { fetchBatch: 5000, commandLine: 32_000, guid: true },
    source: 'MailKit ImapEngine (64k lines); X-GUID seen to survive COPY and MOVE in Dovecot 2.3',
  },
  {
    name: 'cyrus',
    marks: { greeting: /Cyrus IMAP/i, id: /^Cyrus/i },
    changes: { fetchBatch: 5000 },
    source: 'cyrus-imapd issue 6071: SELECT (QRESYNC) is right where FETCH VANISHED is not; the latter is not used',
  },
  {
    name: 'hmailserver',
    marks: { greeting: /IMAPrev1/i },
    changes: { wrongInnerSections: true },
    source: 'hmailserver issues 459, 534; MailKit ImapUtils (BODY[n.MIME] of attached messages)',
  },
  {
    name: 'strato',
    marks: { hosts: ['imap.strato.de', 'imap.strato.com'] },
    changes: { plainList: true },
    source: 'MailKit issue 1957 (LIST RETURN leaves out INBOX)',
  },
  {
    name: 'uw-imap',
    marks: { greeting: /IMAP4rev1 (?:\d{4}\.\d+|200\d)[^ ]* at|UW-IMAP/i },
    changes: { commandLine: 1000 },
    source: 'MailKit ImapEngine (1,000 bytes)',
  },
];

const fits = (
  { hosts = [], greeting, capability, id }: Mark,
  facts: ServerFacts,
  words: ReadonlySet<string>,
): boolean => {
  const host = facts.host.toLowerCase().replace(/\.$/, '');
  return (
    hosts.some((known) => host === known || host.endsWith(`.${known}`)) ||
    (greeting?.test(facts.greeting) ?? false) ||
    (capability !== undefined && words.has(capability)) ||
    (id !== undefined && [facts.id['name'], facts.id['vendor']].some((said) => said !== undefined && id.test(said)))
  );
};

/** What to mind with this server. `off`: names of entries that an operator has switched off. */
export const quirksFor = (facts: ServerFacts, off: readonly string[] = []): Quirks => {
  const words = new Set([...facts.capabilities].map((word) => word.toUpperCase()));
  const found = quirkTable.filter(({ name, marks }) => !off.includes(name) && fits(marks, facts, words));
  return Object.assign({}, plain, ...found.map(({ changes }) => changes), {
    names: found.map(({ name }) => name),
    broken: found.flatMap(({ changes }) => changes.broken ?? []),
  });
};
