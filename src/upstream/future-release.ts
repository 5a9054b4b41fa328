/**
 * The server's own hold of a message, FUTURERELEASE – RFC 4865:
 * `"FUTURERELEASE" SP max-interval SP max-datetime`, and in MAIL `HOLDFOR=seconds` or `HOLDUNTIL=date-time`.
 */
const keyword = /^FUTURERELEASE(?:[ =](\d{1,9})(?: (\S+))?)?$/i;

/** For how many seconds from now on the server would hold a message; 0: not at all. */
export const longestHold = (capabilities: readonly string[], now: number): number => {
  for (const line of capabilities) {
    const found = keyword.exec(line.trim());
    if (!found) continue;
    const interval = Number(found[1] ?? 0);
    const until = Date.parse(found[2] ?? '');
    return Math.max(0, Math.min(interval, Number.isNaN(until) ? interval : Math.floor((until - now) / 1000)));
  }
  return 0;
};
