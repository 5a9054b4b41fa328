/** Plain text of HTML that was cleaned: lines for blocks, `- ` for list items, `> ` for quotes, addresses of links. */

const blocks = new Set(
  'ADDRESS ARTICLE ASIDE CENTER DD DIV DL DT FIGCAPTION FIGURE FOOTER HEADER MAIN NAV SECTION TR'.split(' '),
);
/** Blocks that stand apart from what is around them. */
const spaced = new Set('P H1 H2 H3 H4 H5 H6 OL PRE TABLE UL'.split(' '));

const link = (element: Element, inner: string): string => {
  const href = element.getAttribute('href') ?? '';
  const shown = inner.trim();
  return !/^https?:/iu.test(href) || href.includes(shown) ? inner : `${inner} <${href}>`;
};

const walk = (node: Node): string => {
  if (node.nodeType === Node.TEXT_NODE) {
    const text = node.textContent ?? '';
    return node.parentElement?.closest('pre') ? text : text.replaceAll(/[\t\n\r ]+/gu, ' ');
  }
  const { nodeName } = node;
  if (nodeName === 'BR') return '\n';
  const inner = [...node.childNodes].map(walk).join('');
  switch (nodeName) {
    case 'A':
      return link(node as Element, inner);
    case 'IMG': {
      const alt = (node as Element).getAttribute('alt') ?? '';
      return alt ? `[${alt}]` : '';
    }
    case 'TD':
    case 'TH':
      return `${inner.trim()}  `;
    case 'LI':
      return `\n- ${inner.trim().replaceAll('\n', '\n  ')}\n`;
    case 'BLOCKQUOTE':
      return `\n\n${tidy(inner).replaceAll(/^/gmu, '> ')}\n\n`;
    case 'HR':
      return '\n\n---\n\n';
    default:
      return spaced.has(nodeName) ? `\n\n${inner}\n\n` : blocks.has(nodeName) ? `\n${inner}\n` : inner;
  }
};

const tidy = (text: string): string =>
  text
    .replaceAll(/(?<![ \t])[ \t]+\n/gu, '\n')
    .replaceAll(/(?<=\n- [^\n]*)\n\n(?=- )/gu, '\n')
    .replaceAll(/\n{3,}/gu, '\n\n')
    .trim();

export const textOf = (node: Node): string => tidy(walk(node));
