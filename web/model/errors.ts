import { Problem, type Blame } from '#base/problem.ts';
import type { MethodErrorType } from '#jmap/errors.ts';

/** What can go wrong between the app and its server. */
export type ModelCode =
  /** No answer at all. */
  | 'net/offline'
  /** An answer that is no answer of Postern's: 5xx, a proxy's page, broken JSON. */
  | 'net/server'
  /** The session is over. */
  | 'auth/signed-out'
  /** The server refused a sign-in; `type` says why. */
  | 'auth/refused'
  /** An unlocker has to be shown again first. */
  | 'auth/proof-needed'
  /** The request as a whole was refused (RFC 8620 §3.6.1). */
  | 'jmap/request'
  /** One method was refused (RFC 8620 §3.6.2); `type` says why. */
  | 'jmap/method';

const blames: Record<ModelCode, Blame> = {
  'net/offline': 'network',
  'net/server': 'server',
  'auth/signed-out': 'user',
  'auth/refused': 'user',
  'auth/proof-needed': 'user',
  'jmap/request': 'postern',
  'jmap/method': 'server',
};

export class ModelError extends Problem {
  override readonly name = 'ModelError';
  readonly code: ModelCode;
  readonly blame: Blame;

  constructor(code: ModelCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.blame = blames[code];
  }
}

/** A method's error response. */
export class MethodFailed extends ModelError {
  readonly type: MethodErrorType;
  readonly description: string | null;

  constructor(method: string, type: MethodErrorType, description: string | null) {
    super('jmap/method', `${method}: ${type}`);
    this.type = type;
    this.description = description;
  }
}

/** The error as the model's own; what it does not know is a defect and is thrown on. */
export const modelError = (error: unknown): ModelError => {
  if (error instanceof ModelError) return error;
  throw error;
};
