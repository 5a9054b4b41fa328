/** An address taken apart. */
export interface Who {
  address: string;
  local: string;
  domain: string;
}

/** addr = local "@" domain; the local part may hold anything but controls, the domain is lower-cased and in ASCII. */
export const parseAddress = (text: string): Who | undefined => {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at).trim();
  // eslint-disable-next-line no-control-regex
  if (at < 1 || local === '' || text.length > 320 || /[\u0000-\u0020\u007f<>]/.test(local)) return undefined;
  const typed = text.slice(at + 1).trim();
  if (!/^[^\s/:?#@[\]\\%]+$/.test(typed) || !URL.canParse(`http://${typed}/`)) return undefined;
  const domain = new URL(`http://${typed}/`).hostname.replace(/\.$/, '');
  return domain === '' ? undefined : { address: `${local}@${domain}`, local, domain };
};

/** A host name of letters, digits, hyphens and dots, with at least one dot, that is no IPv4 address. */
export const isHostName = (text: string): boolean =>
  text.length <= 253 &&
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text) &&
  !/\.\d+$/.test(text);

/** Whether `host` is `domain` or lies below it. */
export const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);
