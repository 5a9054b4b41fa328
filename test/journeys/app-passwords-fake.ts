import type {
  AppPassword,
  AppPasswordCapability,
  AppPasswordPolicy,
  AppPasswordSetup,
  NewAppPassword,
} from '#jmap/app-password.ts';
import type { SetError } from '#jmap/errors.ts';
import type { AppPasswordId, UTCDate } from '#jmap/ids.ts';
import type { Extension } from './fake-jmap.ts';
import { morning } from './letters.ts';

/** The app passwords of the mock-ups for the JMAP server in memory: one account managed here, one at Google, one with one password. */

const day = 86_400_000;
const at = (ms: number): UTCDate => `${new Date(ms).toISOString().slice(0, 19)}Z` as UTCDate;
const now = morning.getTime();
const ago = (days: number, minutes = 0): UTCDate => at(now - days * day - minutes * 60_000);

const item = (given: Partial<AppPassword> & { id: string; name: string }): AppPassword =>
  ({
    program: 'other',
    protocols: ['imap', 'submission'],
    networks: [],
    createdAt: ago(248),
    expiresAt: null,
    state: 'active',
    worksUntil: null,
    replacedBy: null,
    lastUsed: null,
    unusedDays: 0,
    own: false,
    imported: false,
    ...given,
  }) as AppPassword;

export const phoneId = 'Pphones';

const mock = (): AppPassword[] => [
  item({
    id: phoneId,
    name: 'Phone',
    program: 'apple',
    lastUsed: { at: ago(0, 4), protocol: 'imap', network: '198.51.100.7' },
  } as never),
  item({
    id: 'Pdeskad',
    name: 'Desk at home',
    program: 'thunderbird',
    lastUsed: { at: ago(0, 11 * 60 + 36), protocol: 'imap', network: '198.51.100.7' },
  } as never),
  item({
    id: 'Pscanne',
    name: 'Office scanner',
    program: 'scanner',
    protocols: ['submission'],
    networks: ['192.0.2.40/32'],
    createdAt: ago(79),
    lastUsed: { at: ago(3), protocol: 'submission', network: '192.0.2.40' },
    unusedDays: 3,
  } as never),
  item({
    id: 'Pmutted',
    name: 'mutt on the old server',
    program: 'script',
    protocols: ['imap'],
    createdAt: ago(299),
    lastUsed: { at: ago(214), protocol: 'imap', network: '192.0.2.9' },
    unusedDays: 214,
  } as never),
];

export const secret = 'pstmvkt7hqerz4pxn2dhhjk7wmtvqz3sdyfb';

export interface AppPasswordFake extends Extension {
  list: AppPassword[];
  policy: AppPasswordPolicy;
  own: AppPasswordCapability['own'];
  question: { changedAt: UTCDate } | null;
  /** An unlocker must be shown before something is made. */
  proofNeeded: boolean;
  /** The database that keeps them is away. */
  away: boolean;
  /** What the server says of these instead of doing it. */
  readonly refuse: Map<string, SetError>;
}

const setup: AppPasswordSetup = {
  address: 'ada@lindqvist.example',
  username: 'ada@lindqvist.example',
  imap: { host: 'imap.lindqvist.example', port: 993, security: 'tls' },
  smtp: { host: 'smtp.lindqvist.example', port: 465, security: 'tls' },
  pop3: null,
  sieve: { host: 'imap.lindqvist.example', port: 4190, security: 'starttls' },
};

type Json = Record<string, unknown>;

export const openAppPasswordFake = (): AppPasswordFake => {
  let made = 0;
  let state = 1;
  const refuse = new Map<string, SetError>();
  const gone = (): Json => ({ error: { type: 'serverUnavailable', description: 'The database cannot be reached.' } });

  const create = ({ name, program, protocols, networks, expiresAt }: NewAppPassword): Json => {
    made += 1;
    const id = `Pnew${String(made).padStart(3, '2')}` as AppPasswordId;
    const entry = item({
      id,
      name,
      program,
      protocols,
      networks: networks ?? [],
      expiresAt: expiresAt ?? null,
      createdAt: at(now),
    });
    fake.list.push(entry);
    state += 1;
    return { ...entry, password: secret, setup };
  };

  const update = (entry: AppPassword, patch: Json): Json | null => {
    state += 1;
    if (patch['rotate'] !== true) {
      Object.assign(entry, patch);
      return null;
    }
    const replacement = create(entry);
    const until = at(now + day);
    Object.assign(entry, { state: 'replaced', worksUntil: until, replacedBy: replacement['id'] });
    return { state: 'replaced', worksUntil: until, replacedBy: replacement['id'], replacement };
  };

  const set = (accountId: string, args: Json): Json => {
    const answer: Record<'created' | 'updated' | 'notCreated' | 'notUpdated' | 'notDestroyed', Json> = {
      created: {},
      updated: {},
      notCreated: {},
      notUpdated: {},
      notDestroyed: {},
    };
    const destroyed: string[] = [];
    for (const [key, wish] of Object.entries((args['create'] as Record<string, NewAppPassword> | null) ?? {})) {
      const no = fake.proofNeeded ? { type: 'proofNeeded' } : refuse.get('create');
      if (no) answer.notCreated[key] = no;
      else answer.created[key] = create(wish);
    }
    for (const [id, patch] of Object.entries((args['update'] as Record<string, Json> | null) ?? {})) {
      const entry = fake.list.find((each) => each.id === id);
      const proof = fake.proofNeeded && patch['rotate'] === true ? { type: 'proofNeeded' } : null;
      const no = proof ?? refuse.get(id) ?? (entry ? null : { type: 'notFound' });
      if (no) answer.notUpdated[id] = no;
      else if (entry) answer.updated[id] = update(entry, patch);
    }
    for (const id of (args['destroy'] as string[] | null) ?? []) {
      const no = refuse.get(id);
      if (no?.type === 'unconfirmed')
        Object.assign(fake.list.find((each) => each.id === id) ?? {}, { state: 'revoking' });
      if (no) answer.notDestroyed[id] = no;
      else {
        fake.list = fake.list.filter((each) => each.id !== id);
        destroyed.push(id);
      }
    }
    return { accountId, oldState: `ap-${state}`, newState: `ap-${(state += 1)}`, destroyed, ...answer };
  };

  const revokeAll = (accountId: string): Json => {
    const revoked = fake.list.filter(({ own, id }) => !own && !refuse.has(id)).map(({ id }) => id);
    const unconfirmed = fake.list.filter(({ own, id }) => !own && refuse.has(id)).map(({ id }) => id);
    fake.list = fake.list.filter(({ id }) => !revoked.includes(id));
    const description = unconfirmed.length > 0 ? 'Dovecot does not answer.' : null;
    return { accountId, oldState: 'ap', newState: `ap-${(state += 1)}`, revoked, unconfirmed, description };
  };

  const capability = (accountId: string): AppPasswordCapability => {
    const own = { id: null, checkedAt: ago(0, 2), refused: false, note: null };
    if (accountId === 'Alindqvist') return { mode: 'here', provider: null, policy: fake.policy, setup, own: fake.own };
    if (accountId === 'Agmail')
      return {
        mode: 'provider',
        provider: {
          name: 'Google',
          url: 'https://myaccount.google.com/apppasswords',
          steps: [
            'Turn on 2-Step Verification, if it is off.',
            'Open App passwords and give it a name.',
            'Copy the 16 letters into the program.',
          ],
          note: 'App passwords cannot be found with Advanced Protection, or when the account is of work or school.',
        },
        policy: null,
        setup,
        own: { auth: 'app-password', since: ago(248), ...own },
      };
    return {
      mode: 'one-password',
      provider: null,
      policy: null,
      setup,
      own: { auth: 'password', since: ago(181), ...own, checkedAt: ago(0, 1) },
    };
  };

  const fake: AppPasswordFake = {
    list: mock(),
    policy: {
      most: 25,
      longestDays: null,
      protocols: ['imap', 'pop3', 'submission', 'sieve'],
      required: true,
      onMainChange: 'ask',
    },
    own: { auth: 'minted', id: null, since: ago(10), checkedAt: ago(0, 3), refused: false, note: null },
    question: null,
    proofNeeded: false,
    away: false,
    refuse,
    // Moves with every look: whoever hears of it looks again.
    states: () => ({ AppPassword: `ap-${(state += 1)}` }),
    capabilities: (accountId) => ({ 'urn:postern:params:jmap:app-passwords': capability(accountId) }),
    methods: {
      'AppPassword/get': (accountId) =>
        fake.away
          ? gone()
          : {
              accountId,
              state: `ap-${state}`,
              list: structuredClone(fake.list),
              notFound: [],
              question: fake.question,
            },
      'AppPassword/set': (accountId, args) => (fake.away ? gone() : set(accountId, args)),
      'AppPassword/revokeAll': (accountId) => (fake.away ? gone() : revokeAll(accountId)),
      'AppPassword/settle': (accountId, args) => {
        if (fake.away) return gone();
        fake.question = null;
        return args['choice'] === 'drop'
          ? revokeAll(accountId)
          : { accountId, oldState: 'ap', newState: 'ap', revoked: [], unconfirmed: [], description: null };
      },
    },
  };
  return fake;
};
