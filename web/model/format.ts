/** Times and sizes as the screens show them, in the reader's time zone. */

const two = (n: number): string => String(n).padStart(2, '0');

const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
export const longDayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
export const longMonthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** Days between two local dates; 0 is the same day, 1 yesterday. */
export const daysApart = (then: Date, now: Date): number =>
  Math.round(
    (Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) -
      Date.UTC(then.getFullYear(), then.getMonth(), then.getDate())) /
      86_400_000,
  );

/** `09:42` */
export const clock = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}`;

const dayAndMonth = (date: Date, now: Date): string => {
  const day = `${date.getDate()} ${monthNames[date.getMonth()]}`;
  return date.getFullYear() === now.getFullYear() ? day : `${day} ${date.getFullYear()}`;
};

/** In a row: `09:42` today and yesterday (the heading says which), `Mon` within a week, `3 Nov`, `3 Nov 2024`. */
export const rowTime = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const days = daysApart(date, now);
  if (days === 0 || days === 1) return clock(date);
  if (days > 1 && days < 7) return dayNames[date.getDay()] ?? '';
  return dayAndMonth(date, now);
};

/** On a folded message: `09:42`, `Mon 16:20`, `3 Nov`. */
export const foldTime = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const days = daysApart(date, now);
  if (days === 0) return clock(date);
  if (days > 0 && days < 7) return `${dayNames[date.getDay()]} ${clock(date)}`;
  return dayAndMonth(date, now);
};

/** In a sentence: `at 09:12`, `on Mon 16:20`, `on 3 Nov`. */
export const atTime = (iso: string, now: Date): string =>
  `${daysApart(new Date(iso), now) === 0 ? 'at' : 'on'} ${foldTime(iso, now)}`;

/** On an open message: `Today 09:42`, `Yesterday 19:04`, `Mon 16:20`, `3 Nov 16:20`. */
export const messageTime = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const days = daysApart(date, now);
  if (days === 0) return `Today ${clock(date)}`;
  if (days === 1) return `Yesterday ${clock(date)}`;
  if (days > 0 && days < 7) return `${dayNames[date.getDay()]} ${clock(date)}`;
  return `${dayAndMonth(date, now)} ${clock(date)}`;
};

/** In full, for tooltips and details: `Sunday, 22 November 2026, 09:42`. */
export const fullTime = (iso: string): string => {
  const date = new Date(iso);
  return `${longDayNames[date.getDay()]}, ${date.getDate()} ${longMonthNames[date.getMonth()]} ${date.getFullYear()}, ${clock(date)}`;
};

/** Above a quote, where the reader's today is another: `Sun, 22 Nov 2026 at 09:42`. */
export const quoteTime = (iso: string): string => {
  const date = new Date(iso);
  return `${dayNames[date.getDay()]}, ${date.getDate()} ${monthNames[date.getMonth()]} ${date.getFullYear()} at ${clock(date)}`;
};

/** `14:02`, for the status line. Unix milliseconds. */
export const clockTime = (at: number): string => clock(new Date(at));

/** The heading a row stands under: `Today`, `Yesterday`, `This week`, `Last week`, `November`, `March 2025`. */
export const dayGroup = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const days = daysApart(date, now);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const sinceMonday = (now.getDay() + 6) % 7;
  if (days <= sinceMonday) return 'This week';
  if (days <= sinceMonday + 7) return 'Last week';
  const month = longMonthNames[date.getMonth()] ?? '';
  return date.getFullYear() === now.getFullYear() ? month : `${month} ${date.getFullYear()}`;
};

/** `810 kB`, `2.4 MB`; decimal units as people's systems show them. */
export const size = (octets: number): string => {
  if (octets < 1000) return `${octets} B`;
  const units = ['kB', 'MB', 'GB'];
  let value = octets / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? Math.round(value * 10) / 10 : Math.round(value)} ${units[unit]}`;
};

const grouped = new Intl.NumberFormat('en');

/** `1,284` */
export const count = (n: number): string => grouped.format(n);

/** `3 conversations`, `1 conversation` */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
