import { bool, id, integer, optional, orNull, unsigned } from './check.ts';
import { MethodFailure } from './errors.ts';
import { limits } from './limits.ts';

/** The paging arguments every /query has – RFC 8620 §5.5 */
export const windowFields = {
  position: optional(integer, 0),
  anchor: orNull(id),
  anchorOffset: optional(integer, 0),
  limit: orNull(unsigned),
  calculateTotal: optional(bool, false),
};

export interface WindowArguments {
  position: number;
  anchor: string | null;
  anchorOffset: number;
  limit: number | null;
  calculateTotal: boolean;
}

/** How many ids to answer, and whether that is less than was asked for. */
export const pageSize = (limit: number | null): { size: number; cut: boolean } =>
  limit === null || limit > limits.maxQueryPage
    ? { size: limits.maxQueryPage, cut: true }
    : { size: limit, cut: false };

/** The window of a whole list – RFC 8620 §5.5. @throws MethodFailure anchorNotFound */
export const windowOf = (
  ids: readonly string[],
  args: WindowArguments,
): { position: number; ids: readonly string[]; total?: number; limit?: number } => {
  const { size, cut } = pageSize(args.limit);
  let position = args.position < 0 ? Math.max(0, ids.length + args.position) : args.position;
  if (args.anchor !== null) {
    const at = ids.indexOf(args.anchor);
    if (at < 0) throw new MethodFailure('anchorNotFound');
    position = Math.max(0, at + args.anchorOffset);
  }
  return {
    position,
    ids: ids.slice(position, position + size),
    ...(args.calculateTotal ? { total: ids.length } : {}),
    ...(cut ? { limit: size } : {}),
  };
};
