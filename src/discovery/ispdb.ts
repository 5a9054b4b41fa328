import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Autoconfig, parseAutoconfig } from './autoconfig.ts';
import type { Fetching } from './fetching.ts';

/** The database of providers that Thunderbird keeps, or a copy of it: what it says of a domain. */
export interface Ispdb {
  (domain: string, signal: AbortSignal): Promise<Autoconfig | null>;
}

const mostBytes = 64 * 1_024;

/** Asked over https, which tells its keeper the domain and nothing else. */
export const askedIspdb =
  (url: string, fetching: Fetching): Ispdb =>
  async (domain, signal) => {
    const body = await fetching(`${url.replace(/\/$/, '')}/${encodeURIComponent(domain)}`, signal);
    return body && parseAutoconfig(body.toString('utf8'), domain);
  };

const readFolder = async (folder: string): Promise<ReadonlyMap<string, string>> => {
  const byDomain = new Map<string, string>();
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const facts = await stat(path);
    if (!facts.isFile() || facts.size > mostBytes) continue;
    const text = await readFile(path, 'utf8');
    for (const domain of parseAutoconfig(text, '')?.domains ?? [])
      if (!byDomain.has(domain)) byDomain.set(domain, text);
  }
  return byDomain;
};

/** A folder with a copy of its files: read once, when first asked; nobody is told anything. */
export const folderIspdb = (folder: string): Ispdb => {
  let read: Promise<ReadonlyMap<string, string>> | null = null;
  return async (domain) => {
    read ??= readFolder(folder).catch(() => new Map<string, string>());
    const text = (await read).get(domain);
    return text === undefined ? null : parseAutoconfig(text, domain);
  };
};
