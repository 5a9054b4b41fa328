import type { Log } from '#base/log.ts';
import { logError } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { ResultReference } from '#jmap/core.ts';
import type { MethodError, MethodErrorType } from '#jmap/errors.ts';
import { evaluatePointer, resolveReferences } from '#jmap/references.ts';
import { MethodFailure } from './errors.ts';
import { Concealed } from './concealed.ts';
import { IdList } from './ids.ts';
import { type Json, jsonLength, jsonText } from './json.ts';
import { limits } from './limits.ts';
import type { Answer, Context, Method } from './method.ts';
import type { ReadRequest } from './request.ts';
import { sessionState } from './session.ts';
import { sentenceOf } from './words.ts';
import type { Caller } from './types.ts';

/** One finished response; its value is parsed only when a reference looks into it. */
class Reply {
  readonly name: string;
  readonly json: Json;
  readonly callId: string;
  readonly #peek: Answer['peek'];
  #value: { value: unknown } | undefined;

  constructor(name: string, json: Json, callId: string, peek?: Answer['peek']) {
    this.name = name;
    this.json = json;
    this.callId = callId;
    this.#peek = peek;
  }

  look(path: string): { found: unknown } | undefined {
    const quick = this.#peek?.(path);
    if (quick !== undefined) return { found: quick };
    this.#value ??= { value: JSON.parse(jsonText(this.json)) as unknown };
    return evaluatePointer(this.#value.value, path);
  }
}

/** What other rooms call what JMAP has a type for. */
const codes: Readonly<Record<string, MethodErrorType>> = {
  'index/anchor-not-found': 'anchorNotFound',
  'index/unsupported-filter': 'unsupportedFilter',
  'index/unsupported-sort': 'unsupportedSort',
  // The account was closed while it was asked: whoever may, asks again.
  'index/closed': 'serverUnavailable',
  'engine/closed': 'serverUnavailable',
};

const errorOf = (error: unknown, name: string, log: Log): MethodError => {
  if (error instanceof MethodFailure) return error.toError();
  const code = error instanceof Problem ? codes[error.code] : undefined;
  if (code !== undefined) return { type: code };
  logError(log, 'method failed', error, { method: name });
  if (!(error instanceof Problem)) return { type: 'serverFail' };
  return { type: error.blame === 'postern' ? 'serverFail' : 'serverUnavailable', description: sentenceOf(error) };
};

/** Octets of a value, had the client written it itself; lists of ids are not written for it. */
const sizeOf = (value: unknown): number =>
  value instanceof IdList ? value.length * 14 : Buffer.byteLength(JSON.stringify(value));

export interface Outcome {
  json: (string | Buffer)[];
  /** The answer follows from the request and what the tide tells of alone. */
  pure: boolean;
  /** To be run when the answer is given. */
  tasks: (() => void)[];
  concealed: Concealed;
}

/** The replies as one list in the object they are a member of; neighbouring strings are one piece. */
const inOne = (replies: readonly Reply[], end: string): (string | Buffer)[] => {
  const pieces: (string | Buffer)[] = [];
  let text = '{"methodResponses":[';
  const add = (piece: string | Buffer): void => {
    if (typeof piece === 'string') text += piece;
    else {
      if (text !== '') pieces.push(text);
      text = '';
      pieces.push(piece);
    }
  };
  for (const [at, { name, json, callId }] of replies.entries()) {
    add(`${at === 0 ? '' : ','}[${JSON.stringify(name)},`);
    if (typeof json === 'string') add(json);
    else for (const piece of json) add(piece);
    add(`,${JSON.stringify(callId)}]`);
  }
  pieces.push(text + end);
  return pieces;
};

/** Runs the calls of a request one after the other – RFC 8620 §3.3 to §3.10 */
export const dispatch = async (
  methods: ReadonlyMap<string, Method>,
  caller: Caller,
  request: ReadRequest,
  parts: Pick<Context, 'clock' | 'log' | 'desk' | 'memories'>,
): Promise<Outcome> => {
  const replies: Reply[] = [];
  const tasks: (() => void)[] = [];
  const concealed = new Concealed();
  const context: Context = {
    caller,
    using: request.using,
    created: new Map(Object.entries(request.createdIds ?? {})),
    ...parts,
    whenAnswered: (task) => tasks.push(task),
    conceal: (secret) => concealed.hold(secret),
  };
  /** Octets that references may still bring in (J33). */
  let room: number = limits.maxSizeRequest;
  const look = (reference: ResultReference): { found: unknown } | undefined => {
    const reply = replies.find((candidate) => candidate.callId === reference.resultOf);
    const value = reply?.name === reference.name && room >= 0 ? reply.look(reference.path) : undefined;
    room -= value ? sizeOf(value.found) : 0;
    if (room < 0)
      throw new MethodFailure('requestTooLarge', `References bring in more than ${limits.maxSizeRequest} bytes.`);
    return value;
  };
  let pure = true;
  let length = 0;
  for (const [name, given, callId] of request.calls) {
    const method = methods.get(name);
    try {
      if (!method || !request.using.has(method.capability)) throw new MethodFailure('unknownMethod');
      if (length > limits.maxAnswer) throw new MethodFailure('requestTooLarge', 'Ask for less in one request.');
      const resolved = resolveReferences(given, look);
      if (!resolved.ok) throw new MethodFailure(resolved.type, resolved.description);
      const running = method.run(context, resolved.arguments);
      // What is there already is not waited for.
      const answer = running instanceof Promise ? await running : running;
      pure &&= method.pure && answer.passing !== true;
      length += jsonLength(answer.json);
      replies.push(new Reply(name, answer.json, callId, answer.peek));
      if (answer.further) replies.push(new Reply(answer.further.name, answer.further.json, callId));
    } catch (error) {
      // A refusal by what no index knows may be another a moment later.
      pure &&= error instanceof MethodFailure && method?.pure !== false;
      replies.push(new Reply('error', JSON.stringify(errorOf(error, name, parts.log)), callId));
    }
  }
  const createdIds = request.createdIds ? `,"createdIds":${JSON.stringify(Object.fromEntries(context.created))}` : '';
  const end = `]${createdIds},"sessionState":${JSON.stringify(sessionState(caller))}}`;
  return { json: inOne(replies, end), pure, tasks, concealed };
};
