const MONTHS: Readonly<Record<string, number>> = {
  jan: 0,
  feb: 1,
  mar: 2,
  apr: 3,
  may: 4,
  jun: 5,
  jul: 6,
  aug: 7,
  sep: 8,
  oct: 9,
  nov: 10,
  dec: 11,
};

/** obs-zone of RFC 5322 §4.3 and what else is met; minutes east of UTC. Military letters count as UTC, as the RFC says. */
const ZONES: Readonly<Record<string, number>> = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  bst: 60,
  ist: 60,
  wet: 0,
  west: 60,
  cet: 60,
  cest: 120,
  met: 60,
  mest: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  msd: 240,
  jst: 540,
  kst: 540,
  aest: 600,
  aedt: 660,
  nzst: 720,
  nzdt: 780,
  hst: -600,
  akst: -540,
  akdt: -480,
};

/** [day-name ","] day month year hour ":" minute [":" second] zone – RFC 5322 §3.3. */
const strict = /^\s*(?:[A-Za-z]{3},? *)?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)/;
const isoLike = /^\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ,]+(\d{1,2}):(\d\d)(?::(\d\d))?)?/;
const clock = /(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d+)?(?:\s*([ap])\.?m\b)?/i;
const offset = /(?:^|[\s(:0-9]|GMT|UTC)([+-])(\d{1,2}):?(\d\d)?(?!\d)/i;

const seconds = (
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  east: number,
): number | null => {
  if (month < 0 || month > 11 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return null;
  const at = Date.UTC(year, month, day, hour, minute, second) / 1000 - east * 60;
  // 0001 to 9999: what an RFC 3339 date can say.
  return at >= -62_135_596_800 && at <= 253_402_300_799 ? at : null;
};

/** obs-year, RFC 5322 §4.3: two digits below 50 are 20xx, others and three digits count from 1900. */
const fullYear = (digits: string): number => {
  const year = Number(digits);
  if (digits.length >= 4) return year;
  return digits.length === 2 && year < 50 ? year + 2000 : year + 1900;
};

const zoneOf = (rest: string): number => {
  const numeric = offset.exec(rest);
  if (numeric !== null) {
    const pair = numeric[2] ?? '0';
    // Lenient: "+0200" cut to "+200" or "+2".
    const east = Number(pair) * 60 + Number(numeric[3] ?? 0);
    if (east < 24 * 60) return numeric[1] === '-' ? -east : east;
  }
  for (const word of rest.toLowerCase().match(/[a-z]+/g) ?? []) {
    const east = ZONES[word];
    if (east !== undefined) return east;
  }
  return 0;
};

interface Clock {
  hour: number;
  minute: number;
  second: number;
}

const clockOf = (time: RegExpExecArray | null): Clock => {
  const [, hours = '0', minutes = '0', seconds = '0', half] = time ?? [];
  const hour = Number(hours);
  const isAfternoon = half?.toLowerCase() === 'p' && hour < 12;
  const isMidnight = half?.toLowerCase() === 'a' && hour === 12;
  return { hour: isAfternoon ? hour + 12 : isMidnight ? 0 : hour, minute: Number(minutes), second: Number(seconds) };
};

const monthOf = (text: string): number => {
  for (const match of text.matchAll(/([A-Za-z]{3})[a-z]*/g)) {
    const month = MONTHS[(match[1] ?? '').toLowerCase()];
    if (month !== undefined) return month;
  }
  return -1;
};

const lenient = (text: string): number | null => {
  const time = clock.exec(text);
  const { hour, minute, second } = clockOf(time);
  const before = time === null ? text : text.slice(0, time.index);
  const after = time === null ? '' : text.slice(time.index + time[0].length);
  const iso = isoLike.exec(text);
  if (iso !== null)
    return seconds(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]), hour, minute, second, zoneOf(after));
  const [first, other] = `${before} ${after.replace(/[+-]\d+/g, ' ')}`.match(/\d+/g) ?? [];
  if (first === undefined || other === undefined) return null;
  // "2002 Aug 22" as well as "22 Aug 2002" and "Aug 22 13:52:59 2002".
  const [day, year] = first.length >= 3 ? [other, first] : [first, other];
  return seconds(fullYear(year), monthOf(text), Number(day), hour, minute, second, zoneOf(after));
};

/** Unix seconds of a Date field, lenient; null when it says nothing. Comments are ignored. */
export const parseDate = (value: string): number | null => {
  const match = strict.exec(value);
  if (match !== null) {
    const month = MONTHS[(match[2] ?? '').toLowerCase()];
    if (month !== undefined) {
      const east = Number(match[8]) * 60 + Number(match[9]);
      const at = seconds(
        Number(match[3]),
        month,
        Number(match[1]),
        Number(match[4]),
        Number(match[5]),
        Number(match[6]),
        match[7] === '-' ? -east : east,
      );
      if (at !== null) return at;
    }
  }
  return lenient(value.slice(0, 200).replace(/\((?:[^()]|\([^()]*\))*\)/g, ' '));
};
