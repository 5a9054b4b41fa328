import type { Brand } from '#base/brand.ts';

/** keyword = 1*255 of %x21-7E without ( ) { ] % * " \ – RFC 8621 §4.1.1; always lower-case */
export type Keyword = Brand<string, 'Keyword'>;

const grammar = /^[\x21\x23\x24\x26\x27\x2b-\x5b\x5e-\x7a\x7c-\x7e]{1,255}$/u;

/** The keyword in its one spelling; undefined when it is none. */
export const parseKeyword = (text: string): Keyword | undefined =>
  grammar.test(text) ? (text.toLowerCase() as Keyword) : undefined;
