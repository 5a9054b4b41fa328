import type { WireError } from './errors.ts';
import type { Authenticated, Keeper, SealedCredential } from './keeper.ts';

/** The methods that are one question and one answer. */
export const askable = [
  'publicKey',
  'admit',
  'enroll',
  'enter',
  'beginOAuth',
  'admitOAuth',
  'freshen',
  'keepPasswords',
  'open',
  'isKept',
  'refuse',
  'makeUnlocker',
  'makeRecovery',
  'recoverySlot',
  'makeTotp',
  'checkTotp',
  'beginTurn',
  'turnPart',
  'endTurn',
  'unlock',
  'rotate',
  'makeToken',
  'unlockByToken',
  'isOpen',
  'forget',
  'narrow',
  'makeKey',
  'openKey',
  'holdTicket',
  'dropTicket',
] as const satisfies readonly (keyof Keeper)[];

export type Askable = (typeof askable)[number];

/** The first frame on every socket. `token`: 32 bytes, known to the process that started the keeper and its threads. */
export interface Hello {
  hello: 1;
  token: Buffer;
}

/** After {@link Hello}: many questions on one socket, answered in any order. */
export interface Ask {
  id: number;
  method: Askable;
  args: unknown[];
}

export type Reply = { id: number; ok: unknown } | { id: number; error: WireError };

/** Whose stream: that of a sealed credential, or of a ticket. */
export type StreamWish = SealedCredential | { ticket: string };

/** After {@link Hello}: the socket becomes the authenticated stream behind the answer. */
export interface AskStream {
  connect: unknown;
}

export type StreamReply = { ok: Omit<Authenticated, 'stream'> } | { error: WireError };
