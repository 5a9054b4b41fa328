/** `/auth/tokens`: passwords of other programs for JMAP. */

/** `POST /auth/tokens`: within five minutes of a sign-in as it is, later after `POST /auth/prove` (D64). */
export interface TokenRequest {
  name: string;
  /** ISO 8601; null or missing: never. */
  expires?: string | null;
  readOnly?: boolean;
}

/** `GET /auth/tokens` answers `{tokens: TokenFacts[]}`. Times in ISO 8601. */
export interface TokenFacts {
  id: string;
  name: string;
  readOnly: boolean;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

/** The only time the token itself is shown. */
export interface NewToken extends TokenFacts {
  token: string;
}
