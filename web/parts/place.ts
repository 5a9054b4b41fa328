/** Where a floating box goes: below its opener, above it when there is no room, always inside the window. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const margin = 8;

export const placed = (
  opener: Box,
  size: { width: number; height: number },
  window: { width: number; height: number },
  gap = 4,
): { left: number; top: number } => {
  const below = opener.bottom + gap;
  const above = opener.top - gap - size.height;
  const top = below + size.height <= window.height - margin || above < margin ? below : above;
  const left = opener.left + size.width <= window.width - margin ? opener.left : opener.right - size.width;
  return {
    left: Math.max(margin, Math.min(left, window.width - margin - size.width)),
    top: Math.max(margin, Math.min(top, window.height - margin - size.height)),
  };
};
