import type { Address } from '../types.ts';
import { foldForIndex, isOrdinary } from './fold.ts';

export const headColumns = 'subject, from_, to_, cc, bcc, preview';

const person = ({ name, email }: Address): string => (name === null ? email : `${name} ${email}`);

/** Of a list of addresses as `envelope` holds it. */
export const foldPeople = (json: string): string =>
  foldForIndex((JSON.parse(json) as Address[]).map(person).join(', '));

/** Whether the words of a list of addresses can be read from its JSON: no mark in it stands for a letter. */
export const isOrdinaryList = (json: string | null): boolean =>
  json === null || (isOrdinary(json) && !json.includes('\\'));

/** What of the JSON of addresses is no word of theirs; the marks are none to the tokenizer. */
const members = ['"name":null', '"name":', '"email":'];
const bare = (column: string): string => members.reduce((text, member) => `replace(${text}, '${member}', '')`, column);

const lists = ['v.from_', 'v.to_', 'v.cc', 'v.bcc'];
const folded = ['folded(v.subject)', ...lists.map((list) => `people(${list})`)];
const standing = ['v.subject', ...lists.map(bare)];

/** The words of an Email but for its preview, as SQL that reads them from its row `v` of `envelope`. */
export const foldedHeaders = folded.join(', ');

/** The same, as they stand unless the SQL `isOdd` says no: the functions take as long as all the rest of a row. */
export const headersUnless = (isOdd: string): string =>
  standing.map((text, at) => `iif(${isOdd}, ${folded[at]}, ${text})`).join(', ');
