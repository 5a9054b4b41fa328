import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { ConfigError } from './errors.ts';
import { Secret } from './secret.ts';

/** An OAuth2 issuer (RFC 6749) whose tokens mail servers take, and the client registered there for this Postern. */
export interface OAuthIssuer {
  /** Stands in rows and URLs: `google`, `microsoft`, or the operator's own word. */
  id: string;
  /** Shown: "Continue with …". */
  name: string;
  /** Issuer identifier – RFC 8414 §2. */
  issuer: string;
  clientId: string;
  scope: string;
  /** Domains whose users sign in there, besides those whose servers are known to be its own. */
  domains: readonly string[];
  /** Both or neither: without them the issuer's metadata are asked for. */
  endpoints: { authorize: string; token: string } | null;
  /** Further parameters of the authorization request. */
  parameters: Readonly<Record<string, string>>;
  /** Whether the issuer names itself in its answer with this very identifier (RFC 9207), if it does. */
  issuerInAnswer: boolean;
}

/** What is public of the clients, and their secrets apart; by id. A client without a secret is a public one. */
export interface OAuthClients {
  issuers: readonly OAuthIssuer[];
  secrets: ReadonlyMap<string, Secret<string>>;
}

const Url = v.pipe(
  v.string(),
  v.check((text) => URL.canParse(text) && new URL(text).protocol === 'https:', 'an https URL is expected'),
);
const Word = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/, 'up to 32 of a-z, 0-9 and - are expected'));
const common = {
  clientId: v.pipe(v.string(), v.nonEmpty()),
  clientSecret: v.optional(v.string()),
  domains: v.optional(v.array(v.pipe(v.string(), v.toLowerCase())), []),
};
const Google = v.strictObject({ id: v.literal('google'), ...common });
const Microsoft = v.strictObject({
  id: v.literal('microsoft'),
  tenant: v.optional(v.pipe(v.string(), v.regex(/^[\w.-]+$/)), 'common'),
  ...common,
});
const Own = v.strictObject({
  id: v.pipe(Word, v.notValues(['google', 'microsoft'])),
  name: v.pipe(v.string(), v.nonEmpty(), v.maxLength(60)),
  issuer: Url,
  scope: v.optional(v.string(), 'openid email offline_access'),
  authorize: v.optional(Url),
  token: v.optional(Url),
  parameters: v.optional(v.record(v.string(), v.string()), {}),
  ...common,
});
const File = v.array(v.union([Google, Microsoft, Own]));

const google = ({ clientId, domains }: v.InferOutput<typeof Google>): OAuthIssuer => ({
  id: 'google',
  name: 'Google',
  issuer: 'https://accounts.google.com',
  clientId,
  domains,
  scope: 'https://mail.google.com/',
  endpoints: {
    authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
  },
  // Without both there is a refresh token the first time only.
  parameters: { access_type: 'offline', prompt: 'consent' },
  issuerInAnswer: true,
});

const microsoft = ({ clientId, domains, tenant }: v.InferOutput<typeof Microsoft>): OAuthIssuer => {
  const base = `https://login.microsoftonline.com/${tenant}`;
  return {
    id: 'microsoft',
    name: 'Microsoft',
    issuer: `${base}/v2.0`,
    clientId,
    domains,
    // One resource for each token: no scope of Graph may stand beside these.
    scope: 'https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access',
    endpoints: { authorize: `${base}/oauth2/v2.0/authorize`, token: `${base}/oauth2/v2.0/token` },
    parameters: {},
    // It answers with the issuer of the user's own tenant.
    issuerInAnswer: false,
  };
};

const own = (entry: v.InferOutput<typeof Own>): OAuthIssuer => {
  const { id, name, issuer, clientId, scope, domains, parameters, authorize, token } = entry;
  const endpoints = authorize !== undefined && token !== undefined ? { authorize, token } : null;
  return { id, name, issuer, clientId, scope, domains, endpoints, parameters, issuerInAnswer: true };
};

const issuerOf = (entry: v.InferOutput<typeof File>[number]): OAuthIssuer => {
  if ('issuer' in entry) return own(entry);
  return entry.id === 'google' ? google(entry) : microsoft(entry);
};

const noOAuth: OAuthClients = { issuers: [], secrets: new Map() };

/** The clients of the file that `POSTERN_OAUTH` names. @throws ConfigError `config/file` */
export const readOAuth = (path: string | null): OAuthClients => {
  if (path === null) return noOAuth;
  const wrong = (what: string, cause?: unknown): ConfigError =>
    new ConfigError('config/file', [`POSTERN_OAUTH: ${path} ${what}`], cause === undefined ? {} : { cause });
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong('cannot be read as JSON.', cause);
  }
  const read = v.safeParse(File, data);
  if (!read.success) {
    const [issue] = read.issues;
    throw wrong(`is not a list of clients as docs/oauth.md describes: ${v.getDotPath(issue) ?? 'the file'}.`);
  }
  const entries = read.output;
  if (new Set(entries.map(({ id }) => id)).size !== entries.length) throw wrong('names an id twice.');
  const secrets = entries.flatMap(({ id, clientSecret }) =>
    clientSecret === undefined ? [] : [[id, new Secret(clientSecret)] as const],
  );
  return { issuers: entries.map(issuerOf), secrets: new Map(secrets) };
};
