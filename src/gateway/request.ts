import { capabilities } from '#jmap/core.ts';
import type { Invocation } from '#jmap/core.ts';
import { isId } from '#jmap/ids.ts';
import { isObject } from './check.ts';
import { RequestFailure } from './errors.ts';
import { parseIJson } from './ijson.ts';
import { limits } from './limits.ts';

/** A request that may be run – RFC 8620 §3.3 */
export interface ReadRequest {
  using: ReadonlySet<string>;
  calls: Invocation[];
  /** null: the client did not ask for the map back. */
  createdIds: Record<string, string> | null;
}

const known: ReadonlySet<string> = new Set(Object.values(capabilities));

const isCall = (value: unknown): value is Invocation =>
  Array.isArray(value) &&
  value.length === 3 &&
  typeof value[0] === 'string' &&
  isObject(value[1]) &&
  typeof value[2] === 'string';

const isCreatedIds = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.entries(value).every(([key, id]) => isId(key) && typeof id === 'string' && isId(id));

/** @throws RequestFailure */
export const readRequest = (body: Buffer): ReadRequest => {
  if (body.length > limits.maxSizeRequest) {
    throw new RequestFailure('limit', `The request is larger than ${limits.maxSizeRequest} octets.`, 'maxSizeRequest');
  }
  const parsed = parseIJson(body);
  if (!parsed) throw new RequestFailure('notJSON', 'The request is not I-JSON.');
  const given = parsed.value;
  if (!isObject(given)) throw new RequestFailure('notRequest', 'The request is not an object.');
  const { using, methodCalls, createdIds } = given;
  if (!Array.isArray(using) || !using.every((name) => typeof name === 'string')) {
    throw new RequestFailure('notRequest', '"using" is not a list of strings.');
  }
  if (!Array.isArray(methodCalls) || !methodCalls.every(isCall)) {
    throw new RequestFailure('notRequest', '"methodCalls" is not a list of [name, arguments, call id].');
  }
  if (createdIds !== undefined && createdIds !== null && !isCreatedIds(createdIds)) {
    throw new RequestFailure('notRequest', '"createdIds" is not a map of ids.');
  }
  const stranger = using.find((name) => !known.has(name));
  if (stranger !== undefined)
    throw new RequestFailure('unknownCapability', `Not a capability of this server: ${stranger.slice(0, 200)}`);
  if (methodCalls.length > limits.maxCallsInRequest) {
    throw new RequestFailure('limit', `More than ${limits.maxCallsInRequest} method calls.`, 'maxCallsInRequest');
  }
  return { using: new Set(using), calls: methodCalls, createdIds: createdIds ?? null };
};
