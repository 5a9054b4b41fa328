import type { Connection } from '../connection.ts';
import type { Literal } from '../line.ts';
import type { AppendUid } from '../types.ts';
import { formatInternalDate, quoted } from '../wire/encoder.ts';

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
