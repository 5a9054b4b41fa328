/** Somebody goes to an OAuth2 issuer of the operator's. */
export interface OAuthWish {
  /** Id in the configuration. */
  issuer: string;
  redirectUri: string;
  /** Comes back with the answer; random, and bound to the browser by the caller. */
  state: string;
  /** Tells the issuer who is about to sign in. */
  address: string;
}

export interface OAuthStart {
  /** Where the browser goes. */
  url: string;
  /** Names the code verifier (RFC 7636), which the keeper holds for ten minutes. */
  handle: string;
}

/** With what somebody came back; `code` is wiped. */
export interface OAuthAnswer {
  handle: string;
  code: Buffer;
  /** How the issuer named itself – RFC 9207. */
  iss: string | null;
}
