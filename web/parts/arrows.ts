/** Left and right, Home and End move the focus along these, round at the ends. */
export const arrowsAlong = (event: KeyboardEvent, all: readonly HTMLElement[]): void => {
  const here = all.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || here < 0) return;
  event.preventDefault();
  event.stopPropagation();
  all.at(to % all.length)?.focus();
};
