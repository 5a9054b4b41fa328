import { createHash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { OAuthIssuer } from '#config/oauth.ts';
import { base64, copyOf, fresh, join, random, wipe } from './bytes.ts';
import { cleanWords, VaultError } from './errors.ts';
import type { Network } from './network.ts';
import { formOf, type HttpAnswer, percent, request } from './oauth-https.ts';
import { readMembers } from './oauth-json.ts';
import { isBearer } from './oauth-secret.ts';

/** A client with its secret; an empty one is of a public client. */
export interface OAuthClient extends OAuthIssuer {
  secret: string;
}

/** What an issuer gave. The tokens are for the caller to wipe. */
export interface Granted {
  access: Buffer;
  /** Null: the one there is stays good. */
  refresh: Buffer | null;
  lifeMs: number;
}

/** RFC 8414 §2, as far as it matters. */
interface Metadata {
  authorize: string;
  token: string;
  /** It names itself in the answer – RFC 9207. */
  namesItself: boolean;
  basic: boolean;
}

const metadataMs = 24 * 3_600_000;
/** Without a word about it: RFC 6749 §5.1 leaves it open. */
const usualLifeMs = 3_600_000;
const longestLifeMs = 24 * 3_600_000;

/** These say that the user has to act; everything else may pass. */
const final: ReadonlySet<string> = new Set([
  'invalid_grant',
  'interaction_required',
  'login_required',
  'consent_required',
  'access_denied',
]);

const unavailable = (what: string, words: string | null = null): VaultError =>
  new VaultError('server/unavailable', what, { words });

/** base64url without padding, in ASCII. */
const base64url = (bytes: Uint8Array): Buffer => {
  const padded = base64(bytes);
  const length = padded.indexOf(0x3d);
  const out = copyOf(padded.subarray(0, length < 0 ? padded.length : length));
  wipe(padded);
  for (let i = 0; i < out.length; i += 1)
    if (out[i] === 0x2b) out[i] = 0x2d;
    else if (out[i] === 0x2f) out[i] = 0x5f;
  return out;
};

/** A code verifier – RFC 7636 §4.1; for the caller to wipe. */
export const newVerifier = (): Buffer => {
  const bytes = random(32);
  const verifier = base64url(bytes);
  wipe(bytes);
  return verifier;
};

/** RFC 7636 §4.2 */
const challengeOf = (verifier: Uint8Array): string => createHash('sha256').update(verifier).digest('base64url');

const isHttps = (text: unknown): text is string =>
  typeof text === 'string' && URL.canParse(text) && new URL(text).protocol === 'https:';

/** Where the metadata of an issuer may be: RFC 8414 §3, then OpenID Connect Discovery §4. */
const placesOf = (issuer: string): URL[] => {
  const url = new URL(issuer);
  const path = url.pathname.replace(/\/$/, '');
  return [
    new URL(`/.well-known/oauth-authorization-server${path}`, url),
    new URL(`${path}/.well-known/openid-configuration`, url),
  ];
};

const readMetadata = (body: Buffer, issuer: string): Metadata | null => {
  let said: unknown;
  try {
    said = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null) return null;
  const facts = said as Record<string, unknown>;
  const { authorization_endpoint: authorize, token_endpoint: token } = facts;
  // RFC 8414 §3.3: metadata of somebody else are none.
  if (facts['issuer'] !== issuer || !isHttps(authorize) || !isHttps(token)) return null;
  const challenges = facts['code_challenge_methods_supported'];
  if (Array.isArray(challenges) && !challenges.includes('S256')) return null;
  const methods = facts['token_endpoint_auth_methods_supported'];
  const namesItself = facts['authorization_response_iss_parameter_supported'] === true;
  return { authorize, token, namesItself, basic: Array.isArray(methods) && !methods.includes('client_secret_post') };
};

/** The issuers of the operator: where a browser is sent, codes and refresh tokens turned into access tokens. */
export class Issuers {
  readonly #clients: ReadonlyMap<string, OAuthClient>;
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #metadata = new Map<string, { facts: Metadata; until: number }>();

  constructor(clients: readonly OAuthClient[], network: Network, clock: Clock) {
    this.#clients = new Map(clients.map((client) => [client.id, client]));
    this.#network = network;
    this.#clock = clock;
  }

  #client(id: string): OAuthClient {
    const client = this.#clients.get(id);
    if (!client) throw new VaultError('auth/refused', 'the operator has taken this issuer out of the configuration');
    return client;
  }

  async #factsOf(client: OAuthClient): Promise<Metadata> {
    const { endpoints, issuer } = client;
    if (endpoints) return { ...endpoints, namesItself: false, basic: false };
    const known = this.#metadata.get(client.id);
    if (known && known.until > this.#clock.now()) return known.facts;
    let failure: unknown = null;
    for (const place of placesOf(issuer)) {
      try {
        const { status, body } = await request(this.#network, place, { method: 'GET' });
        const facts = status === 200 ? readMetadata(body, issuer) : null;
        if (!facts) continue;
        this.#metadata.set(client.id, { facts, until: this.#clock.now() + metadataMs });
        return facts;
      } catch (error) {
        failure = error;
      }
    }
    if (failure instanceof VaultError) throw failure;
    throw unavailable('the issuer publishes no metadata that can be used');
  }

  /** Where the browser goes – RFC 6749 §4.1.1 with PKCE. */
  async urlFor(
    id: string,
    wish: { redirectUri: string; state: string; address: string; verifier: Uint8Array },
  ): Promise<string> {
    const client = this.#client(id);
    const url = new URL((await this.#factsOf(client)).authorize);
    const parameters = {
      ...client.parameters,
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: wish.redirectUri,
      scope: client.scope,
      state: wish.state,
      code_challenge: challengeOf(wish.verifier),
      code_challenge_method: 'S256',
      login_hint: wish.address,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** RFC 9207 §2.4: an answer of another issuer is not taken. @throws VaultError `auth/refused` */
  async checkIssuer(id: string, named: string | null): Promise<void> {
    const client = this.#client(id);
    const { namesItself } = await this.#factsOf(client);
    const wrong = named === null ? namesItself : client.issuerInAnswer && named !== client.issuer;
    if (wrong) throw new VaultError('auth/refused', 'the answer is of another issuer');
  }

  /** @throws VaultError as {@link Issuers.#grant} */
  exchange(id: string, wish: { code: Uint8Array; verifier: Uint8Array; redirectUri: string }): Promise<Granted> {
    return this.#grant(id, [
      ['grant_type', 'authorization_code'],
      ['code', wish.code],
      ['redirect_uri', wish.redirectUri],
      ['code_verifier', wish.verifier],
    ]);
  }

  refresh(id: string, token: Uint8Array): Promise<Granted> {
    return this.#grant(id, [
      ['grant_type', 'refresh_token'],
      ['refresh_token', token],
    ]);
  }

  /**
   * RFC 6749 §4.1.3, §6.
   * @throws VaultError `auth/refused`: the user has to connect anew; `server/unavailable`, and the `net` and `tls` codes:
   *   not now
   */
  async #grant(id: string, fields: readonly (readonly [string, Uint8Array | string])[]): Promise<Granted> {
    const client = this.#client(id);
    const { token: endpoint, basic } = await this.#factsOf(client);
    const posted = basic || client.secret === '' ? [] : [['client_secret', client.secret] as const];
    const body = formOf([...fields, ['client_id', client.clientId], ...posted]);
    const answer = await request(this.#network, new URL(endpoint), {
      method: 'POST',
      headers: basic && client.secret !== '' ? basicHeaders(client) : formHeaders(),
      body,
    });
    try {
      return grantedIn(answer);
    } finally {
      wipe(answer.body);
    }
  }
}

const formHeaders = (): Buffer => join(Buffer.from('Content-Type: application/x-www-form-urlencoded\r\n'));

/** RFC 6749 §2.3.1 */
const basicHeaders = ({ clientId, secret }: OAuthClient): Buffer => {
  const pair = join(percent(Buffer.from(clientId)), Buffer.from(':'), percent(Buffer.from(secret)));
  const encoded = base64(pair);
  const headers = join(formHeaders(), Buffer.from('Authorization: Basic '), encoded, Buffer.from('\r\n'));
  wipe(pair, encoded);
  return headers;
};

const wanted = ['access_token', 'refresh_token', 'token_type', 'expires_in', 'error', 'error_description'];

const grantedIn = ({ status, body }: HttpAnswer): Granted => {
  const said = readMembers(body, wanted);
  if (!said) throw unavailable('the issuer answered with something else');
  const text = (name: string): string => said.get(name)?.toString('utf8') ?? '';
  const refresh = said.get('refresh_token') ?? null;
  const access = said.get('access_token') ?? fresh(0);
  if (status !== 200 || said.has('error')) {
    wipe(access, refresh);
    const words = cleanWords(text('error_description')) ?? cleanWords(text('error'));
    if (status < 500 && final.has(text('error'))) throw new VaultError('auth/refused', 'the issuer refused', { words });
    throw unavailable(`the issuer refused (${status})`, words);
  }
  if (!isBearer(access) || text('token_type').toLowerCase() !== 'bearer' || (refresh && !isBearer(refresh))) {
    wipe(access, refresh);
    throw unavailable('the issuer gave no token that can be used');
  }
  const seconds = Number(text('expires_in'));
  const lifeMs = seconds > 0 ? Math.min(seconds * 1_000, longestLifeMs) : usualLifeMs;
  return { access, refresh, lifeMs };
};
