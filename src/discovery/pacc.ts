import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { ServerAddress } from '#config/servers.ts';
import { isHostName } from './address.ts';

const Host = v.pipe(v.string(), v.toLowerCase(), v.check(isHostName));
const Port = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)));
const Server = v.object({ host: Host, port: Port });
const Document = v.object({
  protocols: v.object({ imap: Server, smtp: v.optional(Server) }),
  authentication: v.optional(
    v.object({
      'oauth-public': v.optional(v.object({ issuer: v.string() })),
      password: v.optional(v.unknown()),
    }),
  ),
});

/** draft-ietf-mailmaint-pacc: TLS from the first byte, the login is the address. */
export interface Pacc {
  imap: ServerAddress;
  smtp: ServerAddress | null;
  issuer: string | null;
  onlyOAuth: boolean;
}

/** The digest that the domain's DNS vouches with: `v=UAAC1; a=sha256; d=BASE64`. */
const vouches = (record: string, digest: Buffer): boolean => {
  const tags = new Map(
    record.split(';').map((tag): [string, string] => {
      const at = tag.indexOf('=');
      return [tag.slice(0, at).trim(), tag.slice(at + 1).trim()];
    }),
  );
  return (
    tags.get('v') === 'UAAC1' && tags.get('a') === 'sha256' && digest.equals(Buffer.from(tags.get('d') ?? '', 'base64'))
  );
};

/** The document, if one of the TXT records of `_ua-auto-config.DOMAIN` names its digest. */
export const parsePacc = (body: Buffer, records: readonly string[]): Pacc | null => {
  const digest = createHash('sha256').update(body).digest();
  if (!records.some((record) => vouches(record, digest))) return null;
  let data: unknown;
  try {
    data = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  const read = v.safeParse(Document, data);
  if (!read.success) return null;
  const { protocols, authentication } = read.output;
  const { imap, smtp } = protocols;
  const issuer = authentication?.['oauth-public']?.issuer ?? null;
  return {
    imap: { host: imap.host, port: imap.port ?? 993, security: 'tls' },
    smtp: smtp ? { host: smtp.host, port: smtp.port ?? 465, security: 'tls' } : null,
    issuer,
    onlyOAuth: issuer !== null && (authentication?.password ?? false) === false,
  };
};
