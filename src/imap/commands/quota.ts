import type { Connection } from '../connection.ts';
import { cleanWords } from '../errors.ts';
import type { QuotaLimit } from '../types.ts';
import { anyOf, on } from '../untagged.ts';
import { type Decoder, decodeLoosely } from '../wire/decoder.ts';

/** Quota roots of one mailbox that are looked at. */
const mostRoots = 10;

/** What one unit of a resource is – RFC 9208 §5. Others say nothing of how much mail there can be. */
const units = { STORAGE: 1024, MESSAGE: 1 } as const;

const isKnown = (name: string): name is keyof typeof units => Object.hasOwn(units, name);

/** The name of a root for the eyes of a person; its bytes are the server's business. */
const rootName = (decoder: Decoder): string => cleanWords(decodeLoosely(decoder.astring())) ?? '';

/**
 * quota-list = "(" quota-resource *(SP quota-resource) ")"; quota-resource = resource-name SP usage SP limit –
 * RFC 9208 §7. Lenient: 0, -1 and what is beyond 2^53 are ways of writing "no limit"; such a resource is left out.
 */
const readResources = (decoder: Decoder, root: string): QuotaLimit[] =>
  decoder
    .list((): QuotaLimit | null => {
      const resource = decoder.atom().toUpperCase();
      decoder.sp();
      const used = decoder.looseNumber();
      decoder.sp();
      const limit = decoder.looseNumber();
      if (!isKnown(resource) || used === null || limit === null) return null;
      const unit = units[resource];
      const most = limit * unit;
      if (most === 0 || !Number.isSafeInteger(most)) return null;
      return { root, resource, used: Math.min(used * unit, Number.MAX_SAFE_INTEGER), limit: most };
    })
    .filter((found) => found !== null);

/**
 * GETQUOTAROOT INBOX – RFC 2087 and 9208: the limits of the roots that INBOX counts against. null: the server knows no
 * quotas. Roots that QUOTAROOT does not name are left out, unless it is missing.
 */
export const quota = async (connection: Connection): Promise<QuotaLimit[] | null> => {
  if (!connection.can('QUOTA')) return null;
  let named: Set<string> | null = null;
  const found = new Map<string, QuotaLimit[]>();
  const untagged = anyOf(
    on('QUOTAROOT', (decoder) => {
      decoder.astring();
      const roots = new Set<string>();
      for (decoder.sp(); !decoder.done; decoder.sp()) roots.add(rootName(decoder));
      named = roots;
    }),
    on('QUOTA', (decoder) => {
      const root = rootName(decoder);
      decoder.sp();
      const limits = readResources(decoder, root);
      if (found.size < mostRoots || found.has(root)) found.set(root, limits);
    }),
  );
  await connection.control.exec('GETQUOTAROOT', ['INBOX'], { untagged });
  // Asserted: assigned while the command ran.
  const roots = named as Set<string> | null;
  const limits = [...found].filter(([root]) => roots === null || roots.has(root)).flatMap(([, each]) => each);
  const once = new Map(limits.map((limit) => [`${limit.resource} ${limit.root}`, limit]));
  return [...once.values()];
};
