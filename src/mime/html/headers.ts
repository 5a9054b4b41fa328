export interface HeaderOptions {
  /** Origin of the app whose page frames the mail, `https://mail.example.org`. */
  app: string;
  /** Sources for images: absolute URL prefixes that end in `/` (the signed path of this one message), no query. */
  images: readonly string[];
}

/** A CSP source or allowlist pattern: no separators, no quotes. */
const isSource = (url: string): boolean => /^https?:\/\/[^\s;,'"<>()\\]+$/.test(url);

/**
 * Response headers of a mail document. Its origin is opaque even when the address is opened by itself; nothing runs,
 * nothing is sent, images come from `images` only; only the app may frame it.
 */
export const mailHeaders = ({ app, images }: HeaderOptions): Record<string, string> => {
  const origin = new URL(app).origin;
  const sources = images.filter(isSource);
  const policy = [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `img-src ${sources.length === 0 ? "'none'" : sources.join(' ')}`,
    "form-action 'none'",
    "base-uri 'none'",
    `frame-ancestors ${origin}`,
  ];
  const allowed = [...sources.map((url) => `${url}*`), `${origin}/out*`].map((url) => `"${url}"`).join(' ');
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy.join('; '),
    'Connection-Allowlist': `(response-origin ${allowed})`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-site',
    'X-DNS-Prefetch-Control': 'off',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
    'Cache-Control': 'private, no-store',
  };
};
