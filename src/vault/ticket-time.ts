/** How far ahead a letter is carried by a ticket, seconds: what waits longer outlives most processes. A timer can wait for it. */
export const longestTicket = 20 * 86_400;
