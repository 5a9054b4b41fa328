import { mailHeaders } from '#mime/html/headers.ts';
import { type DocumentClaim, linkExpiry, type PartClaim } from '#mailroom/links.ts';
import { asBuffer, type Who } from '#mailroom/protocol.ts';
import { pulling } from '#mailroom/pulling.ts';
import { json } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import { blobHeaders } from './jmap.ts';
import { type Heights, isMeasureToken } from './measure.ts';
import type { DoorParts } from './parts.ts';
import { malformed, notFound } from './problems.ts';
import type { Sessions } from './sessions.ts';

/** Kinds of image a mail may show. SVG is a document and is not among them. */
const images: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
]);

const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** More than the app makes of one (docs/spec/mail-html.md, H3); bounds the rules of a document. */
const tallestFrame = 50_000;

/** Which images an opaque document may load crosses origins by nature; nobody else knows the signed address. */
const imageHeaders = (type: string): Record<string, string> => ({
  ...blobHeaders(type),
  'Cross-Origin-Resource-Policy': 'cross-origin',
});

/** `/mail/*`: the HTML of a mail as a document of its own, its inline images, and how tall it is. */
export const mailRoutes = (parts: DoorParts, sessions: Sessions, heights: Heights): Routes => {
  const { config, links, mailrooms, clock } = parts;
  const routes = newRoutes();

  const show = async (claim: DocumentClaim, who: Who): Promise<Response> => {
    const { user, account, email, remoteImages, dark, measure, app } = claim;
    const home = config.mailOrigin ?? app;
    const within = `${home}/mail/img/${links.part({ user, account, email, expires: linkExpiry(clock.now()) })}/`;
    const bands = measure && `${home}/mail/m/${measure.token}`;
    if (measure) heights.expect(measure.token, user, measure.frame);
    const found = await mailrooms.ask('document', who, {
      account,
      email,
      remoteImages,
      dark,
      origin: app,
      parts: within,
      measure: measure && bands ? { path: bands, frame: measure.frame } : null,
    });
    if (!found) throw notFound();
    const headers = mailHeaders({ app, images: [within, ...(bands ? [`${bands}/`] : [])] });
    return new Response(asBuffer(found.html), {
      headers: { ...headers, 'X-Postern-Blocked-Images': String(found.blockedImages) },
    });
  };

  routes.get('/img/:claim/:section', async (c) => {
    const claim: PartClaim | null = links.readPart(c.req.param('claim'), clock.now());
    const section = c.req.param('section');
    if (!claim || !/^\d+(_\d+)*$/.test(section) || !sessions.presence.has(claim.user)) throw notFound();
    const { user, account, email } = claim;
    const who: Who = { user, readOnly: true, proven: false, sessionState: '' };
    const found = await mailrooms.ask('download', who, { account, blob: `G${email.slice(1)}_${section}` });
    if (!found) throw notFound();
    if (!images.has(found.type)) {
      found.port.close();
      throw notFound();
    }
    return new Response(await pulling(found.port), { headers: imageHeaders(found.type) });
  });

  routes.get('/m/:token/:band', (c) => {
    const band = c.req.param('band');
    if (/^\d{1,4}$/.test(band)) heights.tell(c.req.param('token'), Number(band));
    return new Response(gif, { headers: imageHeaders('image/gif') });
  });

  routes.get('/height/:token', async (c) => {
    const visitor = await sessions.visitor(c.req.raw, c.get('peer'));
    const token = c.req.param('token');
    const after = c.req.query('after') ?? '0';
    if (!isMeasureToken(token) || !/^\d{1,9}$/.test(after)) throw malformed('A token and a turn are expected.');
    const told = await heights.next(token, visitor.user, Number(after), c.req.raw.signal);
    return told ? json(told) : new Response(null, { status: 204 });
  });

  routes.get('/document/:claim', async (c) => {
    const claim = links.readDocument(c.req.param('claim'), clock.now());
    if (!claim || !sessions.presence.has(claim.user)) throw notFound();
    return show(claim, { user: claim.user, readOnly: true, proven: false, sessionState: '' });
  });

  routes.get('/:account/:email', async (c) => {
    const visitor = await sessions.visitor(c.req.raw, c.get('peer'));
    const { account, email } = c.req.param();
    const token = c.req.query('measure');
    const frame = Number(c.req.query('frame') ?? '0');
    if (
      token !== undefined &&
      (!isMeasureToken(token) || !Number.isInteger(frame) || frame < 1 || frame > tallestFrame)
    )
      throw malformed('measure: a token of 16 to 64 letters, and frame: its height in pixels.');
    const claim: DocumentClaim = {
      user: visitor.user,
      account,
      email,
      remoteImages: c.req.query('images') === '1',
      dark: c.req.query('dark') === '1',
      measure: token === undefined ? null : { token, frame },
      app: c.get('peer').origin,
      expires: Math.floor(clock.now() / 1_000) + 60,
    };
    if (config.mailOrigin === null) return show(claim, sessions.who(visitor));
    return new Response(null, {
      status: 302,
      headers: { Location: `${config.mailOrigin}/mail/document/${links.document(claim)}`, 'Cache-Control': 'no-store' },
    });
  });

  return routes;
};
