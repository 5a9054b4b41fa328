import { randomInt } from 'node:crypto';
import type { PublicId } from './types.ts';

/** Starts every app password, so that scanners for leaked secrets find it. */
export const prefix = 'pst';
/** No 0 o 1 l i: what is read from paper or said on the telephone is what was meant. */
export const alphabet = '23456789abcdefghjkmnpqrstuvwxyz';
export const idLength = 6;
/** 27 letters of 31 are 133 bits. */
export const secretLength = 27;
export const passwordLength = prefix.length + idLength + secretLength;

/** A source of numbers from 0 to `below` - 1. */
export type Dice = (below: number) => number;

const systemDice: Dice = (below) => randomInt(below);

const letters = (count: number, dice: Dice): Buffer => {
  // Not Buffer.alloc: what is small would lie in the heap, and be copied about.
  const made = Buffer.from(new ArrayBuffer(count));
  for (let at = 0; at < count; at += 1) made[at] = alphabet.charCodeAt(dice(alphabet.length));
  return made;
};

export const newId = (dice: Dice = systemDice): PublicId => letters(idLength, dice).toString('latin1') as PublicId;

/** Prefix, id and 133 random bits as ASCII. */
export const newPassword = (id: PublicId, dice: Dice = systemDice): Buffer => {
  const secret = letters(secretLength, dice);
  const password = Buffer.concat([Buffer.from(prefix + id, 'latin1'), secret]);
  secret.fill(0);
  return password;
};

/** `pstk 7m2q …`: nine groups of four, for paper. What is copied has no spaces. */
export const grouped = (password: Buffer): string => password.toString('latin1').replace(/.{4}(?=.)/g, '$& ');

const shape = new RegExp(`^${prefix}([${alphabet}]{${idLength}})[${alphabet}]{${secretLength}}$`);

/**
 * The public id of what was typed, pasted or found: case, spaces, hyphens and line ends do not matter. Null when it is not an app
 * password. Reading forgives; Dovecot compares as it is.
 */
export const idWithin = (typed: string): PublicId | null => {
  if (typed.length > 200) return null;
  const found = shape.exec(
    typed
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[\s\-\u00ad\u2010-\u2015\u200b\u2060]/g, ''),
  );
  return (found?.[1] as PublicId | undefined) ?? null;
};

export const isPublicId = (text: string): text is PublicId => new RegExp(`^[${alphabet}]{${idLength}}$`).test(text);
