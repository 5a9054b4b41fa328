import type { FoundSettings } from '#jmap/auth/discovery.ts';

/** How one gets an app password where the ordinary password is refused, in the provider's own names for things. */
export interface Guide {
  id: string;
  /** `Gmail wants an app password` */
  title: string;
  why: string;
  /** Who the links lead to: `Open Google`. */
  company: string;
  steps: readonly { title: string; detail: string | null; url: string | null }[];
  /** How the secret looks; null when it is not known, and any text is taken. */
  form: SecretForm | null;
  /** Why somebody may not find them there. */
  lost: { question: string; reasons: readonly { title: string; detail: string }[] } | null;
}

export interface SecretForm {
  length: number;
  group: number;
  /** What one character is. */
  letters: RegExp;
  /** `letters`, `letters and digits` */
  words: string;
  /** Stands between the groups when it is sent. */
  join: string;
}

const sixteenLetters: SecretForm = { length: 16, group: 4, letters: /^[a-z]+$/u, words: 'letters', join: '' };
const sixteenCharacters: SecretForm = {
  length: 16,
  group: 4,
  letters: /^[a-z0-9]+$/u,
  words: 'characters',
  join: '',
};

const twoSteps = 'https://myaccount.google.com/signinoptions/twosv';
const googleApp = 'https://myaccount.google.com/apppasswords';

const separate = (company: string): string =>
  `${company} does not let mail programs sign in with your normal password. It gives you a separate one for Postern, which you can revoke at any time.`;

const paste = { title: 'Paste it here', detail: 'Spaces do not matter.', url: null };

const yahooLike = (id: string, name: string, url: string): Guide => ({
  id,
  title: `${name} wants an app password`,
  why: separate(name),
  company: name,
  steps: [
    { title: 'Open “Generate app password”', detail: `It stands under Security in your ${name} account.`, url },
    { title: 'Make a password named “Postern”', detail: `${name} shows 16 letters once. Copy them.`, url: null },
    paste,
  ],
  form: sixteenLetters,
  lost: {
    question: `I cannot find app passwords at ${name}`,
    reasons: [
      {
        title: 'The page asks for another sign-in',
        detail: `${name} wants to see your password again before it shows them.`,
      },
      {
        title: 'Your account is new or was quiet for long',
        detail: `${name} hides them for some days, or until you have turned on two-step verification.`,
      },
    ],
  },
});

const known: Readonly<Record<string, Guide>> = {
  gmail: {
    id: 'gmail',
    title: 'Gmail wants an app password',
    why: separate('Google'),
    company: 'Google',
    steps: [
      {
        title: 'Turn on 2-Step Verification',
        detail: 'Google offers app passwords only to accounts that have it.',
        url: twoSteps,
      },
      { title: 'Make a password named “Postern”', detail: 'Google shows 16 letters once. Copy them.', url: googleApp },
      paste,
    ],
    form: sixteenLetters,
    lost: {
      question: 'I cannot find app passwords at Google',
      reasons: [
        {
          title: '2-Step Verification uses security keys only',
          detail: 'Add a second way, an authenticator app or a phone, and they appear.',
        },
        {
          title: 'It is an account of your work or school',
          detail: 'Its administrator decides. Ask for app passwords, or for IMAP by sign-in with Google.',
        },
        {
          title: 'Advanced Protection is on',
          detail: 'Google then gives no app passwords at all, so Postern cannot read this account with one.',
        },
      ],
    },
  },
  icloud: {
    id: 'icloud',
    title: 'iCloud wants an app-specific password',
    why: separate('Apple'),
    company: 'Apple',
    steps: [
      {
        title: 'Open “Sign-In and Security”',
        detail: 'Apple offers app-specific passwords only with two-factor authentication.',
        url: 'https://account.apple.com/account/manage',
      },
      {
        title: 'Make a password named “Postern”',
        detail: 'Under “App-Specific Passwords”. Apple shows 16 letters once. Copy them.',
        url: null,
      },
      paste,
    ],
    form: { ...sixteenLetters, join: '-' },
    lost: {
      question: 'I cannot find app-specific passwords at Apple',
      reasons: [
        {
          title: 'Two-factor authentication is off',
          detail: 'Turn it on in the settings of your iPhone, iPad or Mac, under your name.',
        },
        {
          title: 'It is a managed account of your work or school',
          detail: 'Apple gives those no app-specific passwords.',
        },
        {
          title: 'There are 25 of them already',
          detail: 'Apple allows no more at a time. Remove one that is not used.',
        },
      ],
    },
  },
  yahoo: yahooLike('yahoo', 'Yahoo', 'https://login.yahoo.com/myaccount/security/app-password'),
  aol: yahooLike('aol', 'AOL', 'https://login.aol.com/myaccount/security/app-password'),
  fastmail: {
    id: 'fastmail',
    title: 'Fastmail wants an app password',
    why: separate('Fastmail'),
    company: 'Fastmail',
    steps: [
      {
        title: 'Make an app password named “Postern”',
        detail: 'Choose “Mail (IMAP/POP/SMTP)” as what it may do.',
        url: 'https://app.fastmail.com/settings/security/apps',
      },
      { title: 'Copy it', detail: 'Fastmail shows 16 letters and digits once.', url: null },
      paste,
    ],
    form: sixteenCharacters,
    lost: {
      question: 'I cannot find app passwords at Fastmail',
      reasons: [
        {
          title: 'Your plan is Basic',
          detail: 'It comes without IMAP, so no mail program can read it. Standard and above can.',
        },
        {
          title: 'You are a user of somebody’s account',
          detail: 'Each user makes app passwords under his own name, not the administrator for him.',
        },
      ],
    },
  },
};

/** Guides by the server they are for, where nothing else is known of the provider. */
const byHost: Readonly<Record<string, string>> = {
  'imap.gmail.com': 'gmail',
  'imap.mail.me.com': 'icloud',
  'imap.mail.yahoo.com': 'yahoo',
  'imap.aol.com': 'aol',
  'imap.fastmail.com': 'fastmail',
};

export const guideForHost = (host: string): Guide | null => known[byHost[host] ?? ''] ?? null;

/** The guide of a provider that takes app passwords only; null where the ordinary password, or none, is taken. */
export const guideFor = (provider: FoundSettings['provider']): Guide | null => {
  if (provider?.auth !== 'app-password') return null;
  const own = known[provider.id];
  if (own) return own;
  const { id, name, steps, enableUrl, appPasswordUrl } = provider;
  return {
    id,
    title: `${name} wants an app password`,
    why: separate(name),
    company: name,
    steps: [
      ...steps.map((title, index) => ({
        title,
        detail: null,
        url: index === 0 ? (enableUrl ?? appPasswordUrl) : index === 1 && enableUrl ? appPasswordUrl : null,
      })),
      ...(steps.length === 0 && appPasswordUrl
        ? [{ title: 'Make a password named “Postern”', detail: provider.note, url: appPasswordUrl }]
        : []),
      { ...paste, detail: null },
    ],
    form: null,
    lost: null,
  };
};

/** What was typed or pasted, without what does not matter: spaces, dashes, capitals. */
export const bare = (text: string): string =>
  text.replaceAll(/[\s\u00A0\u200B-\u200D\u2060\uFEFF\-‐-―]/gu, '').toLowerCase();

/** Whether it may be such a secret. */
export const fits = (form: SecretForm, text: string): boolean =>
  bare(text).length === form.length && form.letters.test(bare(text));

/** As it is sent. */
export const spelled = (form: SecretForm, text: string): string =>
  bare(text)
    .match(new RegExp(`.{1,${form.group}}`, 'gu'))
    ?.join(form.join) ?? '';
