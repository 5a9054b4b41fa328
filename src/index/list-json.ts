/** A list as the index keeps it; none is null. */
export const listJson = (list: readonly unknown[]): string | null => (list.length === 0 ? null : JSON.stringify(list));
