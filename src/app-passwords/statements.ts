import { AppPasswordError } from './errors.ts';
import type { DatabaseKind } from './migrations.ts';

/** What may stand in the operator's statements, as `{name}`; each becomes a bound value. */
export const placeholders = ['user', 'local', 'domain', 'application', 'password', 'hash', 'created'] as const;
export type Placeholder = (typeof placeholders)[number];
export type Values = Readonly<Record<Placeholder, string>>;

export interface Statement {
  sql: string;
  names: readonly Placeholder[];
}

const broken = (why: string): AppPasswordError =>
  new AppPasswordError('app-password/statement', `a statement of the classic table ${why}`);

/**
 * The statement with `?` or `$1` where its placeholders stand. Quoted text is left alone; a placeholder in it is refused, because it
 * would be a value inside a value.
 * @throws AppPasswordError `app-password/statement`
 */
export const compile = (text: string, kind: DatabaseKind, needed: readonly Placeholder[] = []): Statement => {
  const names: Placeholder[] = [];
  const parts = text.split(/('(?:[^']|'')*')/);
  const sql = parts.map((part, at) => {
    if (at % 2 === 1) {
      if (/\{\w+\}/.test(part)) throw broken('has a placeholder within quotes: leave the quotes away');
      return part;
    }
    if (part.includes("'")) throw broken('has a quote that does not end');
    if (/[;?]|\$\d/.test(part.replace(/;\s*$/, '')))
      throw broken('holds ;, ? or $1: one statement with {placeholders} is asked for');
    return part.replace(/;\s*$/, '').replace(/\{(\w+)\}/g, (_whole, word: string) => {
      const name = placeholders.find((one) => one === word);
      if (!name) throw broken(`knows no {${word}}; there are ${placeholders.map((one) => `{${one}}`).join(' ')}`);
      names.push(name);
      return kind === 'postgres' ? `$${names.length}` : '?';
    });
  });
  const missing = needed.find((name) => !names.includes(name));
  if (missing) throw broken(`must name {${missing}}`);
  return { sql: sql.join(''), names };
};
