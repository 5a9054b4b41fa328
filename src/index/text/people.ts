import type { Address } from '../types.ts';
import { foldForIndex, isOrdinary } from './fold.ts';

const person = ({ name, email }: Address): string => (name === null ? email : `${name} ${email}`);

/** The words of a list of addresses as `envelope` holds it, a JSON text. */
export const foldPeople = (json: string): string =>
  foldForIndex((JSON.parse(json) as Address[]).map(person).join(', '));

/** Whether {@link barePeople} would have the same words: no mark in the JSON stands for a letter. */
export const isOrdinaryList = (json: string | null): boolean =>
  json === null || (isOrdinary(json) && !json.includes('\\'));

/** What of that JSON is no word of theirs; the marks are none to the tokenizer. */
const members = ['"name":null', '"name":', '"email":'];

/** SQL for the words of such a column. */
export const barePeople = (column: string): string =>
  members.reduce((text, member) => `replace(${text}, '${member}', '')`, column);
