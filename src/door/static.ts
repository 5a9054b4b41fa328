import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { Config } from '#config/config.ts';

interface Served {
  type: string;
  tag: string;
  plain: Buffer;
  brotli: Buffer | null;
  gzip: Buffer | null;
  /** The name holds a hash of the bytes: it never changes. */
  fixed: boolean;
  /** Loaded by the editor's frame; holds nothing of anybody. */
  forEditor: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

const read = (file: string): Buffer | null => (existsSync(file) ? readFileSync(file) : null);

const load = (dist: string): ReadonlyMap<string, Served> => {
  const files = globSync('**/*', { cwd: dist }).filter(
    (name) => !/\.(br|gz|map)$/.test(name) && statSync(join(dist, name)).isFile(),
  );
  return new Map(
    files.map((name) => {
      const plain = readFileSync(join(dist, name));
      const path = `/${name.split(sep).join('/')}`;
      const served: Served = {
        type: types[extname(name)] ?? 'application/octet-stream',
        tag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 20)}"`,
        plain,
        brotli: read(join(dist, `${name}.br`)),
        gzip: read(join(dist, `${name}.gz`)),
        fixed: path.startsWith('/assets/'),
        forEditor: path.startsWith('/editor/') || extname(name) === '.woff2',
      };
      return [path, served];
    }),
  );
};

/** The page's own walls. */
export const pageHeaders = (config: Pick<Config, 'mailOrigin'>): Record<string, string> => ({
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    "connect-src 'self'",
    `frame-src 'self'${config.mailOrigin === null ? '' : ` ${config.mailOrigin}`}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types postern dompurify',
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()',
});

/**
 * The editor's frame: script of ours, an origin of nobody. Whatever a pasted or quoted HTML could still do, it finds
 * neither cookies nor the app.
 */
const editorHeaders: Record<string, string> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    'img-src data: blob:',
    "font-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
    'sandbox allow-scripts',
  ].join('; '),
};

const notBuilt =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Postern</title><p>The web app is not built. Run <code>npm run build</code> and start Postern again.</p></html>';

/** The built web app, held in memory. Any page of the app is index.html: it routes by itself. */
export const openStatic = (dist: string, config: Pick<Config, 'mailOrigin'>) => {
  const files = existsSync(dist) ? load(dist) : new Map<string, Served>();
  const walls = pageHeaders(config);

  const serve = (served: Served, request: Request, own = walls): Response => {
    const isPage = served.type.startsWith('text/html');
    const headers: Record<string, string> = {
      'Content-Type': served.type,
      'Cache-Control': isPage ? 'no-store' : served.fixed ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(isPage ? own : { ETag: served.tag }),
      // The editor's frame has an opaque origin: to it every file of ours is another site's.
      ...(served.forEditor
        ? { 'Cross-Origin-Resource-Policy': 'cross-origin', 'Access-Control-Allow-Origin': '*' }
        : {}),
    };
    if (!isPage && request.headers.get('if-none-match') === served.tag)
      return new Response(null, { status: 304, headers });
    const accepted = request.headers.get('accept-encoding') ?? '';
    const [coding, bytes] =
      served.brotli && /\bbr\b/.test(accepted)
        ? (['br', served.brotli] as const)
        : served.gzip && /\bgzip\b/.test(accepted)
          ? (['gzip', served.gzip] as const)
          : ([null, served.plain] as const);
    return new Response(request.method === 'HEAD' ? null : bytes, {
      headers: {
        ...headers,
        'Content-Length': String(bytes.length),
        ...(served.brotli || served.gzip ? { Vary: 'Accept-Encoding' } : {}),
        ...(coding ? { 'Content-Encoding': coding } : {}),
      },
    });
  };

  /** null: no such file, and no page of the app. */
  return (request: Request): Response | null => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return null;
    const { pathname } = new URL(request.url);
    const editor = pathname === '/editor/' ? files.get('/editor/index.html') : undefined;
    if (editor) return serve(editor, request, editorHeaders);
    const exact = pathname === '/editor/index.html' ? undefined : files.get(pathname);
    if (exact) return serve(exact, request);
    const isPage = !/\.\w+$/.test(pathname) && (request.headers.get('accept') ?? '*/*').match(/text\/html|\*\/\*/);
    if (!isPage) return null;
    const index = files.get('/index.html');
    if (index) return serve(index, request);
    return new Response(notBuilt, {
      status: 503,
      headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store', ...walls },
    });
  };
};
