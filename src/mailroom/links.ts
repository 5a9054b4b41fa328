import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { UserId } from '#vault/keeper.ts';

/**
 * Signed URLs that a mail document may contain. No cookie reaches what an opaque document loads, so the URL itself says
 * whose mail it is and until when, and its parts lie below it; nobody can make one without the key.
 */
export interface PartClaim {
  user: UserId;
  account: string;
  email: string;
  /** Unix seconds. */
  expires: number;
}

/** The document shall tell how tall its content is: the name it tells it under, and the height of its frame. */
export interface MeasureWish {
  token: string;
  frame: number;
}

/** What a document URL of the second origin says: the cookies of the first do not reach it. */
export interface DocumentClaim {
  user: UserId;
  account: string;
  email: string;
  remoteImages: boolean;
  dark: boolean;
  measure: MeasureWish | null;
  /** The app that frames it, where its links lead. */
  app: string;
  expires: number;
}

export interface Links {
  part(claim: PartClaim): string;
  readPart(token: string, now: number): PartClaim | null;
  document(claim: DocumentClaim): string;
  readDocument(token: string, now: number): DocumentClaim | null;
  /** Query of `/out` for a link's address. */
  out(href: string): string;
  isOut(href: string, signature: string): boolean;
  /** Proof in a cookie that we made it; see door/sessions.ts. */
  tag(purpose: string, text: string): string;
  isTag(purpose: string, text: string, tag: string): boolean;
}

const macLength = 16;

/** Every purpose has a key of its own, derived from the door's key. */
export const openLinks = (key: Buffer): Links => {
  const keys = new Map<string, Buffer>();
  const keyOf = (purpose: string): Buffer => {
    const known = keys.get(purpose);
    if (known) return known;
    const made = Buffer.from(hkdfSync('sha256', key, '', `postern/1/links/${purpose}`, 32));
    keys.set(purpose, made);
    return made;
  };
  const mac = (purpose: string, text: string): Buffer =>
    createHmac('sha256', keyOf(purpose)).update(text).digest().subarray(0, macLength);
  const tag = (purpose: string, text: string): string => mac(purpose, text).toString('base64url');
  const isTag = (purpose: string, text: string, given: string): boolean => {
    const [claimed, right] = [Buffer.from(given), Buffer.from(tag(purpose, text))];
    return claimed.length === right.length && timingSafeEqual(claimed, right);
  };
  const sign = (purpose: string, claim: object): string => {
    const text = Buffer.from(JSON.stringify(claim)).toString('base64url');
    return `${text}.${tag(purpose, text)}`;
  };
  const read = <T extends { expires: number }>(purpose: string, token: string, now: number): T | null => {
    const [text = '', signature = '', ...rest] = token.split('.');
    if (rest.length > 0 || !isTag(purpose, text, signature)) return null;
    const claim = JSON.parse(Buffer.from(text, 'base64url').toString()) as T;
    return claim.expires > now / 1_000 ? claim : null;
  };
  return {
    part: (claim) => sign('part', claim),
    readPart: (token, now) => read<PartClaim>('part', token, now),
    document: (claim) => sign('document', claim),
    readDocument: (token, now) => read<DocumentClaim>('document', token, now),
    out: (href) => `u=${encodeURIComponent(href)}&sig=${tag('out', href)}`,
    isOut: (href, signature) => isTag('out', href, signature),
    tag,
    isTag,
  };
};

const day = 86_400;

/** End of tomorrow (UTC): a mail that stays open over midnight shows its images still. */
export const linkExpiry = (now: number): number => (Math.floor(now / 1_000 / day) + 2) * day;
