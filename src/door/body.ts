import * as v from 'valibot';
import { malformed, tooLarge } from './problems.ts';

/** What arrives of a body. A client that goes away in the middle is not heard of again: nobody reads the answer. */
async function* arriving(body: NonNullable<Request['body']>): AsyncGenerator<Uint8Array> {
  try {
    // Not cancelled when it is too much: the server reads on for a moment, so that the client gets to see our answer.
    yield* body.values({ preventCancel: true });
  } catch (cause) {
    throw malformed('The body broke off.', { cause });
  }
}

/**
 * The body, at most `limit` bytes. A Content-Length above the limit is refused before anything is read; a body that
 * grows beyond it is cut off.
 * @throws DoorError `too-large`, `malformed` when it breaks off
 */
export const readBytes = async (request: Request, limit: number): Promise<Buffer> => {
  const announced = Number(request.headers.get('content-length') ?? Number.NaN);
  if (announced > limit) throw tooLarge(limit);
  if (!request.body) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // A body of known length goes straight into its place; wiping the result then wipes all of it that is ours.
  const whole = announced >= 0 ? Buffer.alloc(announced) : null;
  for await (const chunk of arriving(request.body)) {
    if (length + chunk.byteLength > (whole ? whole.length : limit)) throw tooLarge(limit);
    if (whole) {
      whole.set(chunk, length);
      chunk.fill(0);
    } else chunks.push(chunk);
    length += chunk.byteLength;
  }
  if (whole) return length === whole.length ? whole : whole.subarray(0, length);
  const joined = Buffer.concat(chunks);
  for (const chunk of chunks) chunk.fill(0);
  return joined;
};

/** JSON of a known shape. @throws DoorError `malformed` with the path of the first wrong value */
export const parse = <T extends v.GenericSchema>(schema: T, bytes: Uint8Array): v.InferOutput<T> => {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformed('The body must be JSON in UTF-8.');
  }
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw malformed(`${v.getDotPath(issue) ?? 'The body'}: ${issue.message}`);
};

export const readJson = async <T extends v.GenericSchema>(
  request: Request,
  schema: T,
  limit = 64_000,
): Promise<v.InferOutput<T>> => parse(schema, await readBytes(request, limit));

export const json = (data: unknown, init: { status?: number; headers?: Headers } = {}): Response => {
  const headers = new Headers(init.headers);
  headers.set('Content-Type', 'application/json');
  headers.set('Cache-Control', 'no-store');
  return new Response(JSON.stringify(data), { status: init.status ?? 200, headers });
};
