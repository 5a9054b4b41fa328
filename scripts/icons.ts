import { readFileSync, writeFileSync } from 'node:fs';
import { must } from '../src/base/must.ts';

/** Writes web/parts/icons.ts and later-icons.ts: the lucide icons Postern uses, each as one path. Run after adding a name. */

/** What the first list and all around it shows. */
const first = [
  'command',
  'archive',
  'check',
  'chevron-down',
  'chevron-right',
  'circle-question-mark',
  'cloud-off',
  'contrast',
  'corner-up-left',
  'ellipsis',
  'file-text',
  'folder',
  'folder-input',
  'forward',
  'inbox',
  'link',
  'list',
  'list-filter',
  'lock',
  'log-out',
  'mail',
  'mail-open',
  'menu',
  'minus',
  'octagon-alert',
  'paperclip',
  'pen-line',
  'printer',
  'search',
  'send',
  'send-horizontal',
  'settings',
  'square-check',
  'star',
  'trash',
  'triangle-alert',
  'undo-2',
  'x',
];

/** What only views show that are fetched later. */
const later = [
  'type',
  'server',
  'reply',
  'arrow-left',
  'blend',
  'bold',
  'calendar-clock',
  'chevron-left',
  'circle-alert',
  'circle-check',
  'clock',
  'code',
  'columns-2',
  'copy',
  'download',
  'external-link',
  'eye',
  'eye-off',
  'file',
  'file-archive',
  'file-image',
  'fingerprint-pattern',
  'image-off',
  'italic',
  'key-round',
  'laptop',
  'list-ordered',
  'maximize-2',
  'minimize-2',
  'palette',
  'pause',
  'play',
  'plus',
  'quote',
  'redo-2',
  'refresh-cw',
  'reply-all',
  'shield-check',
  'signature',
  'smartphone',
  'strikethrough',
  'sun-moon',
  'tag',
  'terminal',
  'underline',
  'user',
  'users',
  'wifi-off',
];

type Node = [string, Record<string, string>];
const nodes = JSON.parse(readFileSync('node_modules/lucide-static/icon-nodes.json', 'utf8')) as Record<string, Node[]>;

const number = (at: Record<string, string>, name: string): number => Number(at[name] ?? 0);

/** The first move of a path is from the origin; behind another path it would be from that one's end. */
const absolute = (d: string): string => {
  const found = /^m\s*(-?(?:\d+\.?\d*|\.\d+))[\s,]*(-?(?:\d+\.?\d*|\.\d+))\s*/.exec(d);
  if (!found) return d;
  const rest = d.slice(found[0].length);
  return `M${found[1]} ${found[2]}${/^[-\d.]/.test(rest) ? 'l' : ''}${rest}`;
};

const path = ([tag, at]: Node): string => {
  const n = (name: string): number => number(at, name);
  switch (tag) {
    case 'path':
      return absolute(must(at['d'], 'a path has data'));
    case 'line':
      return `M${n('x1')} ${n('y1')}L${n('x2')} ${n('y2')}`;
    case 'circle': {
      const r = n('r');
      return `M${n('cx') - r} ${n('cy')}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
    }
    case 'ellipse': {
      const [rx, ry] = [n('rx'), n('ry')];
      return `M${n('cx') - rx} ${n('cy')}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0`;
    }
    case 'rect': {
      const r = n('rx') || n('ry');
      const [w, h] = [n('width') - 2 * r, n('height') - 2 * r];
      const turn = (x: number, y: number): string => (r ? `a${r} ${r} 0 0 1 ${x} ${y}` : '');
      return `M${n('x') + r} ${n('y')}h${w}${turn(r, r)}v${h}${turn(-r, r)}h${-w}${turn(-r, -r)}v${-h}${turn(r, -r)}z`;
    }
    case 'polyline':
    case 'polygon':
      return `M${must(at['points'], 'points')}${tag === 'polygon' ? 'z' : ''}`;
    default:
      throw new TypeError(`no path for <${tag}>`);
  }
};

/** Source of an object of these. */
const object = (names: readonly string[]): string =>
  `{\n${names
    .toSorted()
    .map((name) => `  '${name}': '${must(nodes[name], `lucide has ${name}`).map(path).join('')}',`)
    .join('\n')}\n} as const;\n`;

const what = 'Path data of lucide icons (ISC), 24 × 24, drawn with a stroke of 1.75';
writeFileSync(
  'web/parts/icons.ts',
  `/** ${what}, that the first list and all around it shows. Made by scripts/icons.ts. */\nexport const icons = ${object(first)}`,
);
writeFileSync(
  'web/parts/later-icons.ts',
  `/** ${what}, that only views show that are fetched later. Made by scripts/icons.ts. */\nexport const laterIcons = ${object(later)}`,
);
