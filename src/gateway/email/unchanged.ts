import { isDeepStrictEqual } from 'node:util';
import type { PatchObject } from '#jmap/core.ts';
import { isObject } from '../check.ts';
import { MethodFailure } from '../errors.ts';
import { emailNumber } from '../ids.ts';
import { type AccountContext, resolveId } from '../method.ts';
import { writeEmail } from './get.ts';
import { type Wish, wishOf } from './properties.ts';

const partLists = ['bodyStructure', 'textBody', 'htmlBody', 'attachments'];

/** Whether a patch may change what this key leads to – RFC 8621 §4.6 */
export const isChangeable = (key: string): boolean => /^(?:keywords|mailboxIds)(?:\/|$)/u.test(key);

/** `part` and all below it; anything else is none. */
const partsIn = (part: unknown): Record<string, unknown>[] => {
  if (Array.isArray(part)) return part.flatMap(partsIn);
  return isObject(part) ? [part, ...partsIn(part['subParts'])] : [];
};

/** Which part properties a client was shown, by what it gives back. */
const shownProperties = (patch: PatchObject): string[] => {
  const names = new Set<string>();
  for (const part of partLists.flatMap((list) => partsIn(patch[list])))
    for (const [name, value] of Object.entries(part)) if (name !== 'subParts' || value === null) names.add(name);
  return [...names];
};

/** The part without its size, which is exact or an estimate, by what else was asked for (J10). */
const sizeless = (part: unknown): unknown => {
  if (Array.isArray(part)) return part.map(sizeless);
  if (!isObject(part)) return part;
  const { size: _size, ...rest } = part;
  return rest['subParts'] === undefined ? rest : { ...rest, subParts: sizeless(rest['subParts']) };
};

const isSameValue = (given: unknown, current: unknown): boolean => {
  if (!isObject(given) || !isObject(current) || given['isTruncated'] !== true) return isDeepStrictEqual(given, current);
  return typeof given['value'] === 'string' && String(current['value']).startsWith(given['value']);
};

const isSame = (name: string, given: unknown, current: unknown): boolean => {
  if (partLists.includes(name)) return isDeepStrictEqual(sizeless(given), sizeless(current));
  if (name !== 'bodyValues') return isDeepStrictEqual(given, current);
  return (
    isObject(given) && isObject(current) && Object.keys(given).every((part) => isSameValue(given[part], current[part]))
  );
};

/** What /get shows of these properties; undefined when one of them, or of their parts, is none. */
const wishFor = (names: readonly string[], patch: PatchObject): Wish | undefined => {
  try {
    return wishOf(['id', ...names], {
      bodyProperties: shownProperties(patch),
      fetchTextBodyValues: false,
      fetchHTMLBodyValues: false,
      fetchAllBodyValues: true,
      maxBodyValueBytes: 0,
      joinFlowed: false,
    });
  } catch (error) {
    if (error instanceof MethodFailure) return undefined;
    throw error;
  }
};

/**
 * The patch without properties that are fixed and given as they are, which a client may send along – RFC 8620 §5.3. What
 * differs stays, to be refused. @throws UpstreamError
 */
export const withoutUnchanged = async (
  context: AccountContext,
  id: string,
  patch: PatchObject,
): Promise<PatchObject> => {
  const names = Object.keys(patch).filter((key) => !isChangeable(key));
  if (names.length === 0) return patch;
  const number = emailNumber(resolveId(context, id) ?? '');
  const email = number === undefined ? undefined : context.open.index.read((reader) => reader.email(number));
  const wish = wishFor(
    names.filter((name) => wishFor([name], {})),
    patch,
  );
  const json = email && wish ? await writeEmail(context, email, wish) : null;
  if (json === null) return patch;
  const current = JSON.parse(json) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(patch).filter(([key, value]) => isChangeable(key) || !isSame(key, value, current[key])),
  );
};
