import type { Head } from './peer.ts';

export const tokenPrefix = 'postern_';

/** The secret of an API token, as it was sent. */
export const bearerOf = (request: Head): Buffer | null => {
  const match = /^Bearer +([\w-]+)$/i.exec(request.headers.get('authorization') ?? '');
  if (!match) return null;
  const text = match[1] ?? '';
  return Buffer.from(text.startsWith(tokenPrefix) ? text.slice(tokenPrefix.length) : text, 'base64url');
};
