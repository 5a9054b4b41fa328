import type { Connection } from '../connection.ts';
import type { Literal } from '../line.ts';
import type { AppendUid } from '../types.ts';
import { quoted } from './select.ts';

/** APPEND – RFC 3501 §6.3.11; APPENDUID by RFC 4315. `date`: Unix seconds. */
export const append = async (
  { line }: Connection,
  pathRaw: string,
  message: Literal,
  flags: readonly string[],
  date: number | null,
): Promise<AppendUid | null> => {
  const allowed = flags.filter((flag) => /^\\?[!#$&'+-[^-z|}~]+$/.test(flag));
  const list = allowed.length === 0 ? '' : ` (${allowed.join(' ')})`;
  const when = date === null ? '' : ` "${formatInternalDate(date)}"`;
  const { code, argument } = await line.run('APPEND', ['APPEND ', quoted(pathRaw), `${list}${when} `, message]);
  const match = code === 'APPENDUID' ? /^(\d{1,10}) (\d{1,10})$/.exec(argument.trim()) : null;
  return match === null ? null : { uidvalidity: Number(match[1]), uid: Number(match[2]) };
};

const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** date-time – "dd-Mon-yyyy hh:mm:ss +0000" */
export const formatInternalDate = (seconds: number): string => {
  const at = new Date(Math.max(0, seconds) * 1000);
  const [, time] = at.toISOString().split('T');
  const day = String(at.getUTCDate()).padStart(2, ' ');
  return `${day}-${names[at.getUTCMonth()] ?? 'Jan'}-${at.getUTCFullYear()} ${time?.slice(0, 8) ?? '00:00:00'} +0000`;
};
