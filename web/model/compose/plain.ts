const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', '#39': "'" };

const withLinks = (html: string): string =>
  html.replaceAll(
    /<a\b(?:"[^"]*"|[^">])*?\shref="(https?:[^"]*)"(?:"[^"]*"|[^">])*>([\s\S]*?)<\/a>/giu,
    (_, href: string, shown: string) => (href.includes(shown) ? href : `${shown} &lt;${href}&gt;`),
  );

/** Line ends are blanks in HTML, but for `<pre>`. */
const withoutFolds = (html: string): string =>
  html
    .replaceAll(/<pre\b[\s\S]*?<\/pre>/giu, (pre) =>
      pre.replaceAll(/>[^<]+/gu, (run) => run.replaceAll(/\r?\n/gu, '<br>')),
    )
    .replaceAll(/[\t\r\n ]+/gu, (run) => (/[\r\n]/u.test(run) ? '\r' : run));

/** What stands between two tags of quotes. */
const linesOf = (html: string): string[] =>
  html
    // Word has a paragraph in each cell.
    .replaceAll(/(?:<\/(?:p|div)>\s*)+(?=<\/(?:t[dh]|li)>)/giu, '')
    .replaceAll(/<br\s*\/?>|<\/(?:div|p|li|h\d|pre|ul|ol|tr|table)>/giu, '\n')
    .replaceAll(/<\/t[dh]>/giu, '  ')
    .replaceAll(/<li[^>]*>/giu, '- ')
    .replaceAll(/<(?:"[^"]*"|[^">])*>/gu, '')
    .replaceAll(/[\r\n]+/gu, (run, at: number, whole: string) =>
      run.includes('\n') || at === 0 || at + run.length === whole.length ? run.replaceAll('\r', '') : ' ',
    )
    .replaceAll(/\n{3,}/gu, '\n\n')
    .replaceAll(/&(amp|lt|gt|quot|nbsp|#39);/gu, (_, name: string) => entities[name] ?? '')
    .replace(/\n$/u, '')
    .split('\n');

/** Text of HTML as the editor gives it: lines for blocks, `> ` for quotes, where links lead, tags gone. */
export const plainOf = (html: string): string => {
  const lines: string[] = [];
  let depth = 0;
  for (const part of withoutFolds(withLinks(html)).split(/(<\/?blockquote\b(?:"[^"]*"|[^">])*>)/iu)) {
    if (/^<blockquote/iu.test(part)) depth += 1;
    else if (/^<\/blockquote/iu.test(part)) depth = Math.max(0, depth - 1);
    else {
      const own = linesOf(part);
      if (depth > 0) own.length = own.findLastIndex((line) => line.trim() !== '') + 1;
      if (own.length <= 1 && !own[0]) continue;
      for (const line of own) lines.push('>'.repeat(depth) + (depth > 0 && /^[^>]/u.test(line) ? ` ${line}` : line));
    }
  }
  return lines
    .join('\n')
    .replaceAll(/\n{3,}/gu, '\n\n')
    .trimEnd();
};
