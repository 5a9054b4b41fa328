import type { FoundSettings } from '#jmap/auth/discovery.ts';
import { type Examined, isWell, type Trouble } from './examine.ts';
import { fullnessLines } from './quota.ts';

const sourceWords: Readonly<Record<string, string>> = {
  operator: 'set by POSTERN_DOMAINS',
  provider: "from Postern's own table of providers",
  pacc: 'published by the domain (PACC)',
  autoconfig: 'published by the domain (autoconfig)',
  ispdb: "from Thunderbird's table",
  srv: 'from SRV records of the domain',
  mx: 'from the MX record of the domain',
  guess: 'guessed from the domain, and proven',
  typed: 'as you named them',
};

export const sourceOf = (source: FoundSettings['source'] | 'typed'): string => sourceWords[source] ?? source;

const ms = (number: number): string => `${number < 10 ? number.toFixed(1) : Math.round(number)} ms`;
const days = (number: number): string => `${number} ${Math.abs(number) === 1 ? 'day' : 'days'}`;

const troubleLines = (what: string, { title, detail, words, certificate, code }: Trouble): string[] => [
  `  ${what}: ${title} ${detail} (${code})`,
  ...(words === undefined ? [] : [`    The server said: ${words}`]),
  ...(certificate
    ? [
        `    It shows: ${certificate.altNames.join(', ') || certificate.subject}; signed by ${certificate.issuer || 'nobody'}; until ${certificate.validTo.slice(0, 10)}`,
        `    SHA-256 ${certificate.fingerprint}`,
      ]
    : []),
];

const soon = 14;

const certificateLines = ({ visit, certificateDays }: Examined): string[] => {
  const certificate = visit?.certificate;
  if (!visit || !certificate || certificateDays === null) return ['  No encryption.'];
  const names = certificate.altNames.join(', ') || certificate.subject;
  const warning = certificateDays < soon ? ' Soon.' : '';
  return [
    `  TLS          ${visit.tls?.version ?? ''}, ${visit.tls?.cipher ?? ''}`,
    `  certificate  for ${names}`,
    `               signed by ${certificate.issuer}`,
    `               expires in ${days(certificateDays)}, on ${new Date(certificate.validTo * 1000).toISOString().slice(0, 10)}.${warning}`,
    `               SHA-256 ${certificate.fingerprint}`,
  ];
};

const clockWords = (ahead: number | null): string => {
  if (ahead === null) return 'the server does not tell its time';
  if (Math.abs(ahead) <= 5) return 'agrees with this machine';
  return `the server is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine`;
};

const abilityLines = ({ abilities, protocol, signedIn }: Examined): string[] => {
  const width = Math.max(...abilities.map(({ name }) => name.length));
  const line = ({ name, words }: Examined['abilities'][number]): string => `    ${name.padEnd(width)}  ${words}`;
  const has = abilities.filter((ability) => ability.has);
  const lacks = abilities.filter((ability) => !ability.has);
  const unsure =
    protocol === 'imap' && signedIn?.ok !== true
      ? ['  (before sign-in; many servers tell the rest only afterwards: try --password)']
      : [];
  return [
    ...(has.length > 0 ? ['  can', ...has.map(line)] : []),
    ...(lacks.length > 0 ? ['  cannot', ...lacks.map(line)] : []),
    ...unsure,
  ];
};

/** What was found out about a server, in lines. */
export const linesOf = (examined: Examined): string[] => {
  const { protocol, server, visit, trouble, signedIn, quirks } = examined;
  const head = `${protocol === 'imap' ? 'Mail comes from' : 'Mail goes to'} ${server.host}, port ${server.port}, ${server.security}`;
  if (!visit) return ['', head, ...(trouble ? troubleLines('It does not work', trouble) : [])];
  const entry =
    signedIn === null
      ? []
      : signedIn.ok
        ? [`  signed in    in ${ms(signedIn.ms)}, the connection included`]
        : troubleLines('Signing in does not work', signedIn.trouble);
  return [
    '',
    head,
    `  address      ${visit.address}`,
    `  says         ${visit.greeting}`,
    ...certificateLines(examined),
    `  speed        there after ${ms(visit.reachedMs)}, an answer takes ${ms(visit.roundTripMs)}`,
    `  clock        ${clockWords(examined.clockAhead)}`,
    `  sign-in      ${examined.signInWords ?? ''}`,
    ...(examined.mechanisms.length > 0 ? [`               offered: ${examined.mechanisms.join(', ')}`] : []),
    ...entry,
    ...(examined.quota ? fullnessLines(examined.quota) : []),
    ...(quirks.length > 0 ? [`  known as     ${quirks.join(', ')}: Postern minds what is special there`] : []),
    ...abilityLines(examined),
  ];
};

export const verdict = (all: readonly Examined[]): string =>
  all.every(isWell)
    ? 'People can use Postern with this address.'
    : 'Something above does not work; nobody can use Postern with this address until it does.';
