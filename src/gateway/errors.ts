import type { Blame } from '#base/problem.ts';
import { Problem } from '#base/problem.ts';
import type { MethodError, MethodErrorType, RequestError, RequestErrorType, SetError } from '#jmap/errors.ts';

/** The request as a whole is refused: HTTP 400 with problem+json – RFC 8620 §3.6.1 */
export class RequestFailure extends Problem {
  override readonly name = 'RequestFailure';
  readonly code: RequestErrorType;
  readonly blame: Blame = 'user';
  readonly limit: RequestError['limit'];

  constructor(code: RequestErrorType, detail: string, limit?: RequestError['limit']) {
    super(detail);
    this.code = code;
    this.limit = limit;
  }

  toProblem(): RequestError {
    const problem: RequestError = {
      type: `urn:ietf:params:jmap:error:${this.code}`,
      status: 400,
      detail: this.message,
    };
    return this.limit ? { ...problem, limit: this.limit } : problem;
  }
}

/** One method call fails; nothing of it was done – RFC 8620 §3.6.2 */
export class MethodFailure extends Problem {
  override readonly name = 'MethodFailure';
  readonly code: MethodErrorType;
  readonly blame: Blame = 'user';

  constructor(code: MethodErrorType, description = '') {
    super(description);
    this.code = code;
  }

  toError(): MethodError {
    return this.message ? { type: this.code, description: this.message } : { type: this.code };
  }
}

/** One record of a /set is refused; the others go on – RFC 8620 §5.3 */
export class SetFailure extends Problem {
  override readonly name = 'SetFailure';
  readonly code: SetError['type'];
  readonly blame: Blame = 'user';
  readonly error: SetError;

  constructor(error: SetError) {
    super(error.description ?? error.type);
    this.code = error.type;
    this.error = error;
  }
}

export const invalidProperties = (properties: string[], description?: string): SetFailure =>
  new SetFailure(
    description ? { type: 'invalidProperties', properties, description } : { type: 'invalidProperties', properties },
  );
