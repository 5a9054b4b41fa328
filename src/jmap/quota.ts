import type { QuotaId } from './ids.ts';

/** What the mail server lets an account hold – RFC 9425 §4.1. */
export interface Quota {
  id: QuotaId;
  resourceType: 'count' | 'octets';
  used: number;
  hardLimit: number;
  scope: 'account';
  name: string;
  /** Names of data types; here always the one whose objects are counted. */
  types: 'Email'[];
  /** From here on the user should be warned. */
  warnLimit: number | null;
  softLimit: number | null;
  description: string | null;
}

/** RFC 9425 §4.4.1 */
export interface QuotaFilter {
  name?: string;
  scope?: string;
  resourceType?: string;
  type?: string;
}
