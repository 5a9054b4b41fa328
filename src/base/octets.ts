const step = 1024;

/** `700 kB`, `3.2 GB`: in units of 1,024, as mail servers count room: 5 GB are 5 × 1024³. A tenth is told below ten. */
export const binarySize = (octets: number): string => {
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let value = octets / step;
  while (value >= step - 0.5 && unit < units.length - 1) {
    value /= step;
    unit += 1;
  }
  const shown = value < 10 && unit > 0 ? Math.round(value * 10) / 10 : Math.round(value);
  return `${shown.toLocaleString('en')} ${units[unit]}`;
};
