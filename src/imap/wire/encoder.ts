/** A string argument of a command (bytes, one character each): quoted where that is allowed, else a literal. */
export const quoted = (text: string): string | Buffer =>
  /^[\x20-\x7e]*$/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : Buffer.from(text, 'latin1');

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** date – dd-Mon-yyyy (RFC 3501 §9) – from YYYY-MM-DD. */
export const formatDate = (iso: string): string => {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(iso);
  const month = months[Number(match?.[2]) - 1];
  if (match === null || month === undefined) throw new RangeError('date');
  return `${Number(match[3])}-${month}-${match[1]}`;
};

/** date-time – "dd-Mon-yyyy hh:mm:ss +0000" – from Unix seconds. */
export const formatInternalDate = (seconds: number): string => {
  const iso = new Date(Math.max(0, seconds) * 1000).toISOString();
  return `${formatDate(iso).padStart(11, ' ')} ${iso.slice(11, 19)} +0000`;
};
