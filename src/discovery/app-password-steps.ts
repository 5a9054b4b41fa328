/** How the user of a provider comes by an app password, a step each, in the provider's own names for things. */
const google = [
  'Turn on 2-Step Verification in your Google account, if it is not on yet.',
  'Open App passwords there.',
  'Type Postern as the name, and choose Create.',
  'Copy the sixteen letters that Google shows.',
];
const yahoo = [
  'Open Security in your account.',
  'Choose Generate app password.',
  'Type Postern as the name, and choose Generate password.',
  'Copy the password that is shown.',
];
const authorisationCode = [
  'Open Settings of the webmail, and there POP3/SMTP/IMAP.',
  'Turn IMAP on. You may be asked to confirm it by a text message.',
  'Copy the authorisation code that is shown. It stands in for your password.',
];
const korean = [
  'Turn on two-step verification in your account.',
  'Turn IMAP on in the settings of the mail.',
  'Make an app password in the settings of two-step verification, and copy it.',
];

const steps: Readonly<Record<string, readonly string[]>> = {
  gmail: google,
  yahoo,
  aol: yahoo,
  att: [
    'Open your profile at myAT&T, and there Sign-in info.',
    'Choose Manage secure mail key, then Add secure mail key.',
    'Type Postern as the name, and copy the key that is shown.',
  ],
  sky: ['Open Security in your Sky Yahoo Mail account.', ...yahoo.slice(1)],
  icloud: [
    'Open Sign-In and Security in your Apple Account.',
    'Choose App-Specific Passwords, then the plus.',
    'Type Postern as the name, and copy the password that is shown.',
  ],
  fastmail: [
    'Open Settings, Privacy & Security, and there Manage app passwords.',
    'Choose New app password, with access to Mail.',
    'Type Postern as the name, and copy the password that is shown.',
  ],
  't-online': [
    'Open the settings of your Telekom login, and there Passwords.',
    'Set a password for e-mail programs. It is a password of its own, for IMAP and SMTP only.',
  ],
  yandex: [
    'Turn on IMAP in the settings of Yandex Mail, under Email clients, with app passwords.',
    'Open App passwords in your Yandex ID.',
    'Choose Mail, type Postern as the name, and copy the password that is shown.',
  ],
  'mail-ru': [
    'Open Security in your account, and there Passwords for external applications.',
    'Choose Add, type Postern as the name, and allow full access to the mail.',
    'Copy the password that is shown.',
  ],
  'ukr-net': [
    'Open Settings of the webmail, and there IMAP access.',
    'Turn it on, and copy the password for programs that is shown.',
  ],
  qq: authorisationCode,
  163: authorisationCode,
  126: authorisationCode,
  yeah: authorisationCode,
  naver: korean,
  daum: korean,
  kakao: korean,
  startmail: [
    'Open Settings, and there IMAP.',
    'Turn IMAP on, and add a device named Postern.',
    'Copy the password that is shown.',
  ],
};

export const appPasswordSteps = (provider: string): readonly string[] => steps[provider] ?? [];
