/** Maps: a keyword may be called like what every object has (`constructor`). */
const toKeyword: ReadonlyMap<string, string> = new Map([
  ['\\seen', '$seen'],
  ['\\answered', '$answered'],
  ['\\flagged', '$flagged'],
  ['\\draft', '$draft'],
]);
const toFlag: ReadonlyMap<string, string> = new Map([
  ['$seen', '\\Seen'],
  ['$answered', '\\Answered'],
  ['$flagged', '\\Flagged'],
  ['$draft', '\\Draft'],
]);

/** RFC 8621 §4.1.1: what may stand in a JMAP keyword. */
const sound = /^[\u0021\u0023\u0024\u0026\u0027\u002b-\u005b\u005e-\u007a\u007c-\u007e]{1,255}$/;

const known = new Map<string, string | null>();

const keywordOf = (flag: string): string | null => {
  const low = flag.toLowerCase();
  const system = toKeyword.get(low);
  if (system !== undefined) return system;
  if (low.startsWith('\\') || !sound.test(low)) return null;
  return low;
};

/** IMAP flags as JMAP keywords, lower-case; `\Deleted` apart, `\Recent` and what JMAP cannot write left out. */
export const keywordsOf = (flags: readonly string[]): { keywords: string[]; deleted: boolean } => {
  const keywords: string[] = [];
  let deleted = false;
  for (const flag of flags) {
    let keyword = known.get(flag);
    if (keyword === undefined) {
      keyword = keywordOf(flag);
      if (known.size < 1_000) known.set(flag, keyword);
    }
    if (keyword !== null) {
      if (!keywords.includes(keyword)) keywords.push(keyword);
    } else if (flag.toLowerCase() === '\\deleted') deleted = true;
  }
  return { keywords, deleted };
};

/** JMAP keywords as IMAP flags. */
export const flagsOf = (keywords: readonly string[]): string[] =>
  keywords.map((keyword) => toFlag.get(keyword) ?? keyword);

/** Keywords that this mailbox keeps: system flags always, others where PERMANENTFLAGS has `\*` or names them. */
export const keptFlags = (
  flags: readonly string[],
  box: { keywordsAllowed: boolean; permanentFlags: readonly string[] },
): string[] => {
  if (box.keywordsAllowed || box.permanentFlags.length === 0) return [...flags];
  const kept = new Set(box.permanentFlags.map((flag) => flag.toLowerCase()));
  return flags.filter((flag) => kept.has(flag.toLowerCase()));
};
