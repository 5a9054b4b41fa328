import { type ProblemDocument, type ProblemName, problemPrefix, problemStatus } from '#jmap/auth/problems.ts';
import { type Blame, Problem } from '#base/problem.ts';

type More = Omit<ProblemDocument, 'type' | 'status' | 'title' | 'detail'>;

const blames: Partial<Record<ProblemName, Blame>> = {
  internal: 'postern',
  'store-unavailable': 'operator',
  'keeper-unavailable': 'operator',
  'server-unreachable': 'network',
  timeout: 'network',
  'server-unavailable': 'server',
  'too-many-connections': 'server',
  'no-tls': 'server',
  'bad-certificate': 'server',
  'not-imap': 'server',
  'no-mechanism': 'server',
};

/** A refusal with the words people read. `title` is one sentence, `detail` what to do. Never a stack, never a secret. */
export class DoorError extends Problem {
  override readonly name = 'DoorError';
  readonly code: `door/${ProblemName}`;
  readonly blame: Blame;
  readonly document: ProblemDocument;

  constructor(problem: ProblemName, title: string, detail: string, more: More = {}, options?: ErrorOptions) {
    super(problem, options);
    this.code = `door/${problem}`;
    this.blame = blames[problem] ?? 'user';
    this.document = { type: `${problemPrefix}${problem}`, title, status: problemStatus[problem], detail, ...more };
  }
}

/** Bearer where a token would do: never Basic, for which a browser opens a box of its own – RFC 9110 §11.6.1 */
export const problemResponse = ({ code, document }: DoorError): Response =>
  new Response(JSON.stringify(document), {
    status: document.status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(code === 'door/unauthenticated' ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...(document.retryAfter === undefined ? {} : { 'Retry-After': String(document.retryAfter) }),
    },
  });

export const malformed = (detail: string, options?: ErrorOptions): DoorError =>
  new DoorError('malformed', 'This request cannot be understood.', detail, {}, options);

export const tooLarge = (limit: number): DoorError =>
  new DoorError('too-large', 'This is too large.', `At most ${limit} bytes are taken.`);

export const unauthenticated = (): DoorError =>
  new DoorError('unauthenticated', 'You are not signed in.', 'Sign in to go on.');

export const locked = (ask: boolean): DoorError =>
  new DoorError('locked', 'Postern is locked.', 'Your drafts are kept. Open it again to go on.', { ask });

export const notFound = (): DoorError => new DoorError('not-found', 'There is nothing here.', 'Check the address.');

export const lockedByOperator = (): DoorError =>
  new DoorError(
    'user-locked',
    'The administrator of this Postern has locked your account.',
    'Your mail is safe on your mail server. Ask the administrator.',
  );
