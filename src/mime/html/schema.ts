import type { Schema } from 'hast-util-sanitize';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Elements that are kept. No SVG, no MathML, no form controls, nothing that loads, nothing that holds raw text but `style`. */
export const allowedElements: ReadonlySet<string> = new Set(
  words(`a abbr acronym address area article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn dir
    div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main map mark menu nav ol p pre q rp rt ruby s
    samp section small span strike strong style sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr`),
);

/** Elements that go with all they hold. Every other unknown element goes and leaves its children. */
export const droppedElements: ReadonlySet<string> = new Set(
  words(`applet audio base basefont bgsound command datalist embed frame frameset iframe input isindex keygen link meta nextid noembed
    noframes optgroup option param script select source template title track video`),
);

/** HTML attribute -> hast property, for every kept element. URLs are not here: they are made by callbacks only. */
export const globalAttributes: ReadonlyMap<string, string> = new Map([
  ['align', 'align'],
  ['aria-hidden', 'ariaHidden'],
  ['aria-label', 'ariaLabel'],
  ['bgcolor', 'bgColor'],
  ['border', 'border'],
  ['class', 'className'],
  ['clear', 'clear'],
  ['color', 'color'],
  ['dir', 'dir'],
  ['height', 'height'],
  ['hspace', 'hSpace'],
  ['lang', 'lang'],
  ['title', 'title'],
  ['valign', 'vAlign'],
  ['vspace', 'vSpace'],
  ['width', 'width'],
]);

const cell = [
  ['abbr', 'abbr'],
  ['colspan', 'colSpan'],
  ['headers', 'headers'],
  ['nowrap', 'noWrap'],
  ['rowspan', 'rowSpan'],
  ['scope', 'scope'],
] as const;

/** The same for single elements. */
export const ownAttributes: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries({
    area: [
      ['alt', 'alt'],
      ['coords', 'coords'],
      ['shape', 'shape'],
    ],
    blockquote: [['type', 'type']],
    col: [['span', 'span']],
    colgroup: [['span', 'span']],
    details: [['open', 'open']],
    font: [
      ['face', 'face'],
      ['size', 'size'],
    ],
    hr: [
      ['noshade', 'noShade'],
      ['size', 'size'],
    ],
    img: [['alt', 'alt']],
    li: [
      ['type', 'type'],
      ['value', 'value'],
    ],
    ol: [
      ['reversed', 'reversed'],
      ['start', 'start'],
      ['type', 'type'],
    ],
    table: [
      ['cellpadding', 'cellPadding'],
      ['cellspacing', 'cellSpacing'],
      ['rules', 'rules'],
      ['frame', 'frame'],
      ['summary', 'summary'],
    ],
    td: cell,
    th: cell,
    time: [['datetime', 'dateTime']],
    ul: [['type', 'type']],
  }).map(([element, pairs]): [string, Map<string, string>] => [element, new Map(pairs as [string, string][])]),
);

/** Properties with a finite set of values that matter to assistive technology. */
export const roles: ReadonlySet<string> = new Set(
  words('presentation none article heading list listitem img table row cell'),
);

const own: Record<string, string[]> = {
  a: ['href', 'target', 'rel', 'id', 'name'],
  area: ['href', 'target', 'rel'],
  map: ['name'],
  img: ['src', 'useMap'],
  table: ['background'],
  td: ['background'],
  th: ['background'],
  tr: ['background'],
  div: ['background'],
};
for (const [element, pairs] of ownAttributes) own[element] = [...(own[element] ?? []), ...pairs.values()];

/** The last word is the library's: whatever the steps before it did, nothing beyond this comes out. */
export const schema: Schema = {
  tagNames: [...allowedElements],
  attributes: { ...own, '*': [...globalAttributes.values(), 'style', 'id', 'role'] },
  ancestors: {},
  clobber: [],
  protocols: { background: ['http', 'https'], href: ['http', 'https', 'mailto', 'tel'], src: ['http', 'https'] },
  required: {},
  strip: [...droppedElements],
  allowComments: false,
  allowDoctypes: false,
};

/** CSS properties that are kept: looks and flow. Nothing that lays over, moves, waits, loads or makes text. */
export const allowedProperties: ReadonlySet<string> = new Set([
  ...words(`color opacity visibility display float clear width height min-width min-height max-width max-height box-sizing
    background background-color background-image background-position background-position-x background-position-y background-repeat
    background-size background-clip background-origin border-collapse border-spacing border-radius border-top-left-radius
    border-top-right-radius border-bottom-left-radius border-bottom-right-radius box-shadow caption-side empty-cells table-layout
    direction unicode-bidi writing-mode text-orientation letter-spacing word-spacing line-height line-break white-space word-break
    word-wrap overflow-wrap hyphens tab-size quotes vertical-align list-style list-style-type list-style-position list-style-image
    overflow overflow-x overflow-y object-fit object-position aspect-ratio orphans widows page-break-after page-break-before
    page-break-inside break-after break-before break-inside
    font font-family font-size font-style font-weight font-variant font-stretch font-kerning font-feature-settings
    text-align text-align-last text-decoration text-decoration-color text-decoration-line text-decoration-style
    text-decoration-thickness text-underline-offset text-indent text-overflow text-shadow text-transform text-wrap
    flex flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap order gap row-gap column-gap align-content align-items
    align-self justify-content justify-items justify-self place-content place-items place-self columns column-count column-width
    grid-template-columns grid-template-rows grid-auto-flow grid-auto-rows grid-auto-columns grid-column grid-row
    outline outline-color outline-style outline-width -webkit-text-fill-color`),
  ...['', '-top', '-right', '-bottom', '-left', '-block', '-inline'].flatMap((side) => [
    `margin${side}`,
    `padding${side}`,
    `border${side}`,
    `border${side}-color`,
    `border${side}-style`,
    `border${side}-width`,
  ]),
  ...['margin', 'padding'].flatMap((box) =>
    ['block', 'inline'].flatMap((axis) => [`${box}-${axis}-start`, `${box}-${axis}-end`]),
  ),
]);

/** Where a URL may stand at all. */
export const imageProperties: ReadonlySet<string> = new Set([
  'background',
  'background-image',
  'list-style',
  'list-style-image',
]);

export const allowedFunctions: ReadonlySet<string> = new Set(
  words(`rgb rgba hsl hsla hwb lab lch oklab oklch color-mix calc min max clamp linear-gradient repeating-linear-gradient radial-gradient
    repeating-radial-gradient conic-gradient repeat minmax fit-content`),
);

export const allowedPseudo: ReadonlySet<string> = new Set(
  words(
    'hover link visited active focus root first-child last-child only-child nth-child nth-last-child first-of-type last-of-type nth-of-type',
  ),
);
