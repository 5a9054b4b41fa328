/** The first that fits is the name: browsers call themselves by the names of others too, so the rarer stand first. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\b(?:Edg|EdgA|EdgiOS)\//u, 'Edge'],
  [/\b(?:OPR|OPX|Opera)\//u, 'Opera'],
  [/\bSamsungBrowser\//u, 'Samsung Internet'],
  [/\bVivaldi\//u, 'Vivaldi'],
  [/\bYaBrowser\//u, 'Yandex'],
  [/\bDuckDuckGo\//u, 'DuckDuckGo'],
  [/\b(?:Firefox|FxiOS)\//u, 'Firefox'],
  [/\b(?:HeadlessChrome|Chrome|CriOS|Chromium)\//u, 'Chrome'],
  [/\bVersion\/[\d.]+ .*\bSafari\//u, 'Safari'],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/u, 'iPhone'],
  [/\biPad\b/u, 'iPad'],
  [/\bAndroid\b/u, 'Android'],
  [/\bCrOS\b/u, 'ChromeOS'],
  [/\bWindows\b/u, 'Windows'],
  [/\bMac(?:intosh|\b)/u, 'Mac'],
  [/\bLinux\b/u, 'Linux'],
  [/\b(?:Free|Open|Net)BSD\b/u, 'BSD'],
];

const named = (known: readonly (readonly [RegExp, string])[], text: string): string | null =>
  known.find(([pattern]) => pattern.test(text))?.[1] ?? null;

/** A program that is no browser is called as it calls itself: `curl/8.5.0` is curl. RFC 9110 §10.1.5 */
const product = (text: string): string | null => /^([\w.-]{1,40})(?:\/|$)/u.exec(text)?.[1] ?? null;

/** Browser and system of a User-Agent header in words: `Firefox, Linux`. */
export const deviceOf = (userAgent: string): string => {
  const own = product(userAgent);
  const browser = named(browsers, userAgent) ?? (own === 'Mozilla' ? null : own) ?? 'A browser';
  const system = named(systems, userAgent);
  return system === null ? browser : `${browser}, ${system}`;
};
