import type { PasskeyAnswer, PasskeyChallenge } from '#jmap/auth/sign-in.ts';
import type { NewPasskeyRequest, PasskeyOffer } from '#jmap/auth/unlockers.ts';

/**
 * Passkeys (WebAuthn Level 3) that yield a secret: the PRF extension gives 32 bytes for a salt, which open what Postern
 * keeps. A passkey without PRF can say who one is and open nothing, so it is not taken.
 */

export type PasskeyTrouble =
  /** This browser or this page has no passkeys: not a secure context, or switched off. */
  | 'unsupported'
  /** Closed, timed out, or no passkey of this site is here; browsers do not say which. */
  | 'cancelled'
  /** It can keep no secret for Postern. */
  | 'no-prf'
  /** This device has one already. */
  | 'there-already'
  | 'failed';

export type Ceremony<T> = { ok: true; value: T; secret: Uint8Array } | { ok: false; why: PasskeyTrouble };

/** `navigator.credentials`; tests give their own. Undefined where the page is no secure context. */
export type Credentials = Pick<CredentialsContainer, 'create' | 'get'> | undefined;

const toBytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));

const toText = (bytes: ArrayBuffer | Uint8Array): string =>
  btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** The browser's own dialogs take the time people take. */
const timeout = 120_000;

const troubleOf = (error: unknown): PasskeyTrouble => {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'AbortError') return 'cancelled';
  if (name === 'InvalidStateError') return 'there-already';
  return name === 'NotSupportedError' ? 'no-prf' : 'failed';
};

const secretOf = (credential: PublicKeyCredential): Uint8Array | null => {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (!first) return null;
  return first instanceof ArrayBuffer
    ? new Uint8Array(first)
    : new Uint8Array(first.buffer, first.byteOffset, first.byteLength);
};

const assertion = async (
  credentials: NonNullable<Credentials>,
  { challenge, rpId, salt }: Pick<PasskeyChallenge, 'challenge' | 'rpId' | 'salt'>,
  only: string | null,
): Promise<PublicKeyCredential | null> => {
  const answer = await credentials.get({
    publicKey: {
      challenge: toBytes(challenge),
      rpId,
      timeout,
      userVerification: 'required',
      ...(only === null ? {} : { allowCredentials: [{ type: 'public-key', id: toBytes(only) }] }),
      extensions: { prf: { eval: { first: toBytes(salt) } } },
    },
  });
  return answer as PublicKeyCredential | null;
};

/** Shows a passkey. Never rejects. */
export const showPasskey = async (
  credentials: Credentials,
  challenge: PasskeyChallenge,
): Promise<Ceremony<PasskeyAnswer>> => {
  if (!credentials) return { ok: false, why: 'unsupported' };
  try {
    const shown = await assertion(credentials, challenge, null);
    if (!shown) return { ok: false, why: 'cancelled' };
    const secret = secretOf(shown);
    if (!secret) return { ok: false, why: 'no-prf' };
    const response = shown.response as AuthenticatorAssertionResponse;
    return {
      ok: true,
      secret,
      value: {
        id: challenge.id,
        credentialId: toText(shown.rawId),
        clientData: toText(response.clientDataJSON),
        authenticatorData: toText(response.authenticatorData),
        signature: toText(response.signature),
        userHandle: response.userHandle ? toText(response.userHandle) : '',
      },
    };
  } catch (error) {
    return { ok: false, why: troubleOf(error) };
  }
};

interface Signals {
  signalUnknownCredential?(options: { rpId: string; credentialId: string }): Promise<void>;
}

/** The device may forget a passkey that was made and cannot be taken; browsers that cannot say so keep it. */
const forget = async (rpId: string, credentialId: string): Promise<void> => {
  const signals = (globalThis as { PublicKeyCredential?: Signals }).PublicKeyCredential;
  await signals?.signalUnknownCredential?.({ rpId, credentialId }).catch(() => undefined);
};

/** Makes a passkey on this device or another. Some give their secret only when shown once more. Never rejects. */
export const makePasskey = async (
  credentials: Credentials,
  offer: PasskeyOffer,
): Promise<Ceremony<Omit<NewPasskeyRequest, 'name'>>> => {
  if (!credentials) return { ok: false, why: 'unsupported' };
  try {
    const made = (await credentials.create({
      publicKey: {
        challenge: toBytes(offer.challenge),
        rp: { id: offer.rpId, name: offer.rpName },
        user: { ...offer.user, id: toBytes(offer.user.id) },
        pubKeyCredParams: offer.algorithms.map((alg) => ({ type: 'public-key', alg })),
        timeout,
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        excludeCredentials: offer.exclude.map(({ id, transports }) => ({
          type: 'public-key',
          id: toBytes(id),
          transports: transports as AuthenticatorTransport[],
        })),
        extensions: { prf: { eval: { first: toBytes(offer.salt) } } },
      },
    })) as PublicKeyCredential | null;
    if (!made) return { ok: false, why: 'cancelled' };
    const credentialId = toText(made.rawId);
    const enabled = made.getClientExtensionResults().prf?.enabled === true;
    const shown = secretOf(made) ? made : enabled ? await assertion(credentials, offer, credentialId) : null;
    const secret = shown && secretOf(shown);
    if (!secret) {
      await forget(offer.rpId, credentialId);
      return { ok: false, why: 'no-prf' };
    }
    const response = made.response as AuthenticatorAttestationResponse;
    return {
      ok: true,
      secret,
      value: {
        id: offer.id,
        credentialId,
        clientData: toText(response.clientDataJSON),
        authenticatorData: toText(response.getAuthenticatorData()),
        transports: response.getTransports(),
      },
    };
  } catch (error) {
    return { ok: false, why: troubleOf(error) };
  }
};

interface Words {
  title: string;
  detail: string;
}

/** What went wrong, for people. */
export const passkeyWords = (why: PasskeyTrouble, doing: 'make' | 'show'): Words => {
  switch (why) {
    case 'unsupported':
      return {
        title: 'This browser has no passkeys here.',
        detail: 'They need an address that begins with https. Use a password or your recovery code.',
      };
    case 'cancelled':
      return doing === 'make'
        ? { title: 'No passkey was made.', detail: 'Try again, or use a password of Postern.' }
        : {
            title: 'No passkey was shown.',
            detail: 'Try again. If there is none on this device, use a password or your recovery code.',
          };
    case 'no-prf':
      return {
        title: 'This passkey cannot open your mail.',
        detail:
          doing === 'make'
            ? 'The device or browser that made it does not support PRF, by which a passkey keeps a key. Nothing was changed. Use another device or browser, or a password of Postern. The passkey it made is of no use; you can delete it.'
            : 'This device or browser does not support PRF, by which a passkey keeps a key. Use another one, a password, or your recovery code.',
      };
    case 'there-already':
      return {
        title: 'This device has a passkey for Postern already.',
        detail: 'Use another device, or remove that one first.',
      };
    case 'failed':
      return { title: 'The passkey did not work.', detail: 'Nothing was changed. Try again, or use another way.' };
  }
};
