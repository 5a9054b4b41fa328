import type { Tide } from '#base/tide.ts';
import type { ChangeType, Index } from '#index/types.ts';

/** What an answer of reading methods over the index depends on besides the request. */
export const listedTypes: readonly ChangeType[] = ['Mailbox', 'Email', 'Thread'];

/** The tide rises with every change of the index that such an answer could show, in the moment it is made. */
export const raises = (index: Index, tide: Tide): void =>
  index.follow({
    noted: (type) => {
      if (listedTypes.includes(type)) tide.rise();
    },
    moved: () => tide.rise(),
    lost: () => tide.rise(),
  });
