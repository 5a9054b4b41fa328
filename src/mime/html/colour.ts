/** Colours of mail for the night: sRGB, OKLCH (Björn Ottosson's OKLab), WCAG 2 contrast. */
export interface Colour {
  /** 0..1, gamma-encoded sRGB. */
  r: number;
  g: number;
  b: number;
  alpha: number;
}

export interface Oklch {
  l: number;
  c: number;
  h: number;
}

/** The 148 names of CSS Color 4 §6.1, as hex. */
const names = new Map(
  (
    'aliceblue f0f8ff antiquewhite faebd7 aqua 0ff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000 blanchedalmond ffebcd blue 00f ' +
    'blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed ' +
    'cornsilk fff8dc crimson dc143c cyan 0ff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 ' +
    'darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a ' +
    'darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 ' +
    'deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia f0f ' +
    'gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 ' +
    'hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 ' +
    'lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 ' +
    'lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 789 lightslategrey 789 ' +
    'lightsteelblue b0c4de lightyellow ffffe0 lime 0f0 limegreen 32cd32 linen faf0e6 magenta f0f maroon 800000 mediumaquamarine 66cdaa ' +
    'mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a ' +
    'mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead ' +
    'navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 ' +
    'paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 ' +
    'purple 800080 rebeccapurple 639 red f00 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 ' +
    'seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f ' +
    'steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white fff whitesmoke f5f5f5 ' +
    'yellow ff0 yellowgreen 9acd32 windowtext 000 window fff'
  )
    .match(/\S+ \S+/g)
    ?.map((pair): [string, string] => [pair.slice(0, pair.indexOf(' ')), pair.slice(pair.indexOf(' ') + 1)]) ?? [],
);

const fromHex = (hex: string): Colour | null => {
  if (!/^(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(hex)) return null;
  const wide = hex.length <= 4 ? hex.replace(/./g, '$&$&') : hex;
  const at = (i: number): number => Number.parseInt(wide.slice(i, i + 2), 16) / 255;
  return { r: at(0), g: at(2), b: at(4), alpha: wide.length === 8 ? at(6) : 1 };
};

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const part = (text: string, full: number): number =>
  text.endsWith('%') ? Number.parseFloat(text) / 100 : Number.parseFloat(text) / full;

const fromHsl = (h: number, s: number, l: number, alpha: number): Colour => {
  const channel = (n: number): number => {
    const k = (((n + h / 30) % 12) + 12) % 12;
    return l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return { r: channel(0), g: channel(8), b: channel(4), alpha };
};

/** A CSS or HTML colour; null for what is none or cannot be told (currentcolor, var, system colours). */
export const parseColour = (text: string): Colour | null => {
  const clean = text.trim().toLowerCase();
  if (clean === 'transparent') return { r: 0, g: 0, b: 0, alpha: 0 };
  const named = names.get(clean);
  if (named !== undefined) return fromHex(named);
  if (clean.startsWith('#')) return fromHex(clean.slice(1));
  const match = /^(rgb|hsl)a?\(([^()]{1,80})\)$/.exec(clean);
  if (match !== null) {
    const [a = '', b = '', c = '', d = '1'] = (match[2] ?? '').split(/[\s,/]+/).filter((one) => one !== '');
    const alpha = clamp(part(d, 1));
    const colour =
      match[1] === 'rgb'
        ? { r: clamp(part(a, 255)), g: clamp(part(b, 255)), b: clamp(part(c, 255)), alpha }
        : fromHsl(Number.parseFloat(a), clamp(Number.parseFloat(b) / 100), clamp(Number.parseFloat(c) / 100), alpha);
    return Number.isFinite(colour.r + colour.g + colour.b + alpha) ? colour : null;
  }
  return fromHex(clean);
};

const linear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const gamma = (v: number): number => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

export const toOklch = ({ r, g, b }: Colour): Oklch => {
  const [R, G, B] = [linear(r), linear(g), linear(b)];
  const l = Math.cbrt(0.4122214708 * R + 0.5363325363 * G + 0.0514459929 * B);
  const m = Math.cbrt(0.2119034982 * R + 0.6806995451 * G + 0.1073969566 * B);
  const s = Math.cbrt(0.0883024619 * R + 0.2817188376 * G + 0.6299787005 * B);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return { l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, c: Math.hypot(a, bb), h: Math.atan2(bb, a) };
};

/** May lie outside 0..1: then the colour cannot be shown. */
const toRgb = ({ l: L, c, h }: Oklch): [number, number, number] => {
  const [a, b] = [c * Math.cos(h), c * Math.sin(h)];
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
};

/** The nearest showable colour of that lightness and hue: chroma gives way. */
export const fromOklch = (colour: Oklch): Colour => {
  for (let c = colour.c; ; c -= 0.01) {
    const [r, g, b] = toRgb({ ...colour, c: Math.max(c, 0) });
    const fits = [r, g, b].every((v) => v >= -0.002 && v <= 1.002);
    if (fits || c <= 0) return { r: clamp(r), g: clamp(g), b: clamp(b), alpha: 1 };
  }
};

/** WCAG 2 relative luminance. */
const luminance = ({ r, g, b }: Colour): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** WCAG 2 contrast, 1 to 21. */
export const contrast = (a: Colour, b: Colour): number => {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

export const toHex = ({ r, g, b, alpha }: Colour): string => {
  const two = (v: number): string =>
    Math.round(clamp(v) * 255)
      .toString(16)
      .padStart(2, '0');
  return `#${two(r)}${two(g)}${two(b)}${alpha < 1 ? two(alpha) : ''}`;
};
