import type { TLSSocket } from 'node:tls';
import { fresh, join, wipe } from './bytes.ts';
import { checkCertificate } from './certificate.ts';
import { VaultError } from './errors.ts';
import type { Target } from './keeper.ts';
import type { Network } from './network.ts';
import { washStack } from './wash.ts';

export interface HttpAnswer {
  status: number;
  /** For the caller to wipe. */
  body: Buffer;
}

const mostBytes = 64 * 1_024;
const endOfHead = Buffer.from('\r\n\r\n');

const broken = (what: string): VaultError => new VaultError('server/unavailable', what);

/** All that comes until the other side closes. @throws VaultError */
const readAll = async (socket: TLSSocket, ms: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    socket.destroy();
  }, ms);
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      size += chunk.length;
      chunks.push(chunk);
      if (size > mostBytes) throw broken('the issuer sent too much');
    }
    return join(...chunks);
  } catch (cause) {
    if (cause instanceof VaultError) throw cause;
    if (late) throw new VaultError('net/timeout', 'the issuer did not answer in time', {}, { cause });
    throw new VaultError('net/unreachable', 'the connection to the issuer broke', {}, { cause });
  } finally {
    clearTimeout(timer);
    wipe(...chunks);
  }
};

/** Chunked transfer coding – RFC 9112 §7.1. Trailers are left alone. */
const unchunk = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    const size = end < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, Math.min(end, at + 8)), 16);
    if (Number.isNaN(size) || size < 0 || end + 2 + size > bytes.length) throw broken('the answer was cut off');
    if (size === 0) return join(...parts);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
};

const parse = (bytes: Buffer): HttpAnswer => {
  const end = bytes.indexOf(endOfHead);
  const head = bytes.toString('latin1', 0, Math.max(end, 0));
  const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1];
  if (end < 0 || status === undefined) throw broken('the answer is not of HTTP');
  const rest = bytes.subarray(end + endOfHead.length);
  if (/^transfer-encoding:\s*chunked\s*$/im.test(head)) return { status: Number(status), body: unchunk(rest) };
  const length = /^content-length:\s*(\d{1,9})\s*$/im.exec(head)?.[1];
  if (length !== undefined && rest.length < Number(length)) throw broken('the answer was cut off');
  return { status: Number(status), body: join(length === undefined ? rest : rest.subarray(0, Number(length))) };
};

/**
 * One request over https, bytes to bytes: certificate verified, address checked as for mail servers, no redirect
 * followed, 64 KB. `headers` and `body` are wiped.
 * @throws VaultError the `net` and `tls` codes, `server/unavailable`
 */
export const request = async (
  network: Network,
  url: URL,
  wish: { method: 'GET' } | { method: 'POST'; headers: Buffer; body: Buffer },
): Promise<HttpAnswer> => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);
  const target: Target = { protocol: 'imap', host, port, security: 'tls', username: '', pin: null };
  const length = wish.method === 'POST' ? `Content-Length: ${wish.body.length}\r\n` : '';
  const start = `${wish.method} ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: application/json\r\nConnection: close\r\n${length}`;
  const headers = wish.method === 'POST' ? wish.headers : fresh(0);
  const body = wish.method === 'POST' ? wish.body : fresh(0);
  const bytes = join(Buffer.from(start), headers, Buffer.from('\r\n'), body);
  wipe(headers, body);
  let all: Buffer | null = null;
  try {
    const socket = await network.secure(await network.open(target), host);
    try {
      checkCertificate(socket, null);
      await new Promise<void>((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(broken('the connection to the issuer broke')) : resolve()));
      });
      all = await readAll(socket, network.limits.answer);
    } finally {
      socket.destroy();
    }
    return parse(all);
  } finally {
    wipe(bytes, all);
    await washStack();
  }
};

/** application/x-www-form-urlencoded, from bytes to bytes. */
export const formOf = (fields: readonly (readonly [name: string, value: Uint8Array | string])[]): Buffer => {
  const pieces: Buffer[] = [];
  for (const [name, value] of fields) {
    if (pieces.length > 0) pieces.push(Buffer.from('&'));
    pieces.push(Buffer.from(`${name}=`), percent(typeof value === 'string' ? Buffer.from(value, 'utf8') : value));
  }
  const form = join(...pieces);
  wipe(...pieces);
  return form;
};

const hex = Buffer.from('0123456789ABCDEF');

/** Percent-encodes all but unreserved characters (RFC 3986 §2.3). */
export const percent = (bytes: Uint8Array): Buffer => {
  const out = fresh(bytes.length * 3);
  let size = 0;
  for (const byte of bytes) {
    const letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    const plain =
      letter || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x7e;
    if (plain) out[size++] = byte;
    else {
      out[size++] = 0x25;
      out[size++] = hex[byte >> 4] ?? 0;
      out[size++] = hex[byte & 15] ?? 0;
    }
  }
  const encoded = join(out.subarray(0, size));
  wipe(out);
  return encoded;
};
