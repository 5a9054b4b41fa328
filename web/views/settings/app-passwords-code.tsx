import qrcode from 'qrcode-generator';

/** Light modules around the code, as its standard asks for. */
const quiet = 4;

/** The code as one path: a run of dark modules is one stroke of it. Drawn here; nothing leaves the page. */
const pathOf = (text: string): { path: string; size: number } => {
  const code = qrcode(0, 'M');
  code.addData(String.fromCharCode(...new TextEncoder().encode(text)), 'Byte');
  code.make();
  const count = code.getModuleCount();
  const runs: string[] = [];
  for (let row = 0; row < count; row += 1)
    for (let column = 0; column < count; column += 1) {
      if (!code.isDark(row, column)) continue;
      const from = column;
      while (column + 1 < count && code.isDark(row, column + 1)) column += 1;
      runs.push(`M${from + quiet} ${row + quiet}h${column + 1 - from}v1h-${column + 1 - from}z`);
    }
  return { path: runs.join(''), size: count + 2 * quiet };
};

/** Dark on light in both themes: many scanners read nothing else. */
export const Code = ({ text, label }: { text: string; label: string }) => {
  const { path, size } = pathOf(text);
  return (
    <svg class="ap-qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
};
