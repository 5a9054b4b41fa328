import { readFileSync, writeFileSync } from 'node:fs';
import { must } from '../src/base/must.ts';

/** Writes web/parts/icons.ts: the lucide icons Postern uses, each as one path. Run after adding a name. */

const names = [
  'archive',
  'arrow-left',
  'bold',
  'calendar-clock',
  'check',
  'chevron-down',
  'chevron-left',
  'chevron-right',
  'circle-alert',
  'circle-question-mark',
  'circle-check',
  'command',
  'signature',
  'blend',
  'tag',
  'terminal',
  'clock',
  'cloud-off',
  'code',
  'columns-2',
  'contrast',
  'copy',
  'corner-up-left',
  'download',
  'ellipsis',
  'external-link',
  'eye',
  'eye-off',
  'fingerprint-pattern',
  'file',
  'file-archive',
  'file-image',
  'file-text',
  'folder',
  'folder-input',
  'forward',
  'image-off',
  'inbox',
  'italic',
  'key-round',
  'laptop',
  'smartphone',
  'palette',
  'link',
  'list',
  'list-filter',
  'list-ordered',
  'lock',
  'log-out',
  'mail',
  'mail-open',
  'maximize-2',
  'menu',
  'minimize-2',
  'minus',
  'octagon-alert',
  'paperclip',
  'pen-line',
  'plus',
  'quote',
  'refresh-cw',
  'reply',
  'reply-all',
  'search',
  'send',
  'send-horizontal',
  'server',
  'settings',
  'shield-check',
  'square-check',
  'star',
  'strikethrough',
  'sun-moon',
  'trash',
  'triangle-alert',
  'type',
  'underline',
  'undo-2',
  'redo-2',
  'users',
  'wifi-off',
  'x',
  'printer',
  'pause',
  'play',
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

const entries = names.toSorted().map((name) => {
  const shape = must(nodes[name], `lucide has ${name}`);
  return `  '${name}': '${shape.map(path).join('')}',`;
});

writeFileSync(
  'web/parts/icons.ts',
  `/** Path data of lucide icons (ISC), 24 × 24, drawn with a stroke of 1.75. Made by scripts/icons.ts. */\nexport const icons = {\n${entries.join('\n')}\n} as const;\n\nexport type IconName = keyof typeof icons;\n`,
);
