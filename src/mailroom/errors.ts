import { type Blame, Problem } from '#base/problem.ts';

/** Every way a mailroom says no. */
export type RoomCode =
  /** The user's keys are not in memory: unlock, then ask again. */
  | 'room/locked'
  /** No such account of this user. */
  | 'room/no-account'
  /** The message is no longer on the server. */
  | 'room/no-message'
  /** The thread ended or the account was closed while it worked; asking again is safe for reading. */
  | 'room/gone'
  /** The durable store or the keeper could not be reached. */
  | 'room/store'
  | 'room/keeper'
  /** The database of app passwords, or the Dovecot that checks them. */
  | 'room/app-passwords'
  /** No room on the disk. */
  | 'room/full'
  /** The mail server could not be asked for bytes that are not here. */
  | 'room/upstream'
  | 'room/defect';

const blames: Record<RoomCode, Blame> = {
  'room/locked': 'user',
  'room/no-account': 'user',
  'room/no-message': 'user',
  'room/gone': 'postern',
  'room/store': 'operator',
  'room/keeper': 'operator',
  'room/app-passwords': 'operator',
  'room/full': 'operator',
  'room/upstream': 'network',
  'room/defect': 'postern',
};

export class RoomError extends Problem {
  override readonly name = 'RoomError';
  readonly code: RoomCode;
  readonly blame: Blame;

  constructor(code: RoomCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.blame = blames[code];
  }
}

const codeOf = (error: unknown): RoomCode => {
  if (error instanceof RoomError) return error.code;
  if (!(error instanceof Problem)) return 'room/defect';
  switch (error.code) {
    case 'user/locked':
      return 'room/locked';
    // It is made anew.
    case 'index/unreadable':
    case 'index/closed':
    case 'engine/closed':
      return 'room/gone';
    case 'message/gone':
      return 'room/no-message';
    case 'store/full':
    case 'index/full':
      return 'room/full';
    default:
      if (/^(store|index)\//.test(error.code)) return 'room/store';
      if (error.code.startsWith('keeper/')) return 'room/keeper';
      if (error.code.startsWith('app-password/')) return 'room/app-passwords';
      return error.blame === 'server' || error.blame === 'network' ? 'room/upstream' : 'room/defect';
  }
};

/** How an error crosses the thread boundary: code and a text for the log, never words of a mail. */
export interface WireError {
  code: RoomCode;
  message: string;
}

export const toWire = (error: unknown): WireError => ({
  code: codeOf(error),
  message: error instanceof Problem ? error.code : error instanceof Error ? error.name : typeof error,
});

export const fromWire = ({ code, message }: WireError): RoomError => new RoomError(code, message);
