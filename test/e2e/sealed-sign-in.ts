import type { SignInRequest } from '#jmap/auth/sign-in.ts';
import { sealForm } from '#model/seal.ts';

/** The body of `POST /auth/sign-in`, sealed as the browser does. */
export const sealSignIn = (
  { password, previousPassword, ...wish }: SignInRequest,
  publicKey: Uint8Array,
): Uint8Array<ArrayBuffer> =>
  sealForm(
    wish,
    [password, previousPassword]
      .filter((secret) => secret !== undefined)
      .map((secret) => ({ purpose: 'mailPassword', login: wish.address, secret })),
    publicKey,
  );
