import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { bandStep, mailDocument, measuredHeight } from './document.ts';
import { mailHeaders } from './headers.ts';
import { sanitizeMail } from './sanitize.ts';

/** By kind; see the README beside it. */
const corpus: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/corpus/mime/html-attacks.json'), 'utf8'),
);
const attacks = Object.values(corpus as Record<string, string[]>).flat();

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

const listen = async (handle: Handle): Promise<{ server: Server; origin: string }> => {
  const server = createServer(handle);
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

/** Collects what was asked for, and lets a test wait until something was. */
class Log {
  readonly urls: string[] = [];
  private wake: () => void = () => {};

  add(url: string): void {
    this.urls.push(url);
    this.wake();
  }

  async until(ok: (urls: readonly string[]) => boolean): Promise<void> {
    while (!ok(this.urls)) {
      await new Promise<void>((done) => {
        this.wake = done;
      });
    }
  }
}

let browser: Browser;
before(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
after(() => browser.close());

const SANDBOX = 'allow-popups allow-popups-to-escape-sandbox';

/** Shows each document in a frame of its own and waits until all are loaded and two frames have been drawn. */
const showFrames = async (page: Page, urls: readonly string[], sandbox: string | null): Promise<void> => {
  await page.evaluate(`(async () => {
    const tokens = ${JSON.stringify(sandbox)};
    await Promise.all(${JSON.stringify(urls)}.map((url) => {
      const frame = document.createElement('iframe');
      if (tokens !== null) frame.setAttribute('sandbox', tokens);
      const loaded = new Promise((done) => frame.addEventListener('load', done));
      frame.src = url;
      document.body.append(frame);
      // A frameset or a download may never say that it is loaded.
      return Promise.race([loaded, new Promise((done) => setTimeout(done, 800))]);
    }));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await new Promise((done) => setTimeout(done, 300));
  })()`);
};

interface Outcome {
  ran: number;
  foreign: string[];
}

/** Serves the attacks raw and counts what runs and what reaches the other server. */
const attack = async (guarded: boolean, upTo: number): Promise<Outcome> => {
  const foreign: string[] = [];
  const other = await listen((request, response) => {
    foreign.push(request.url ?? '');
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end();
  });
  const app = await listen((request, response) => {
    const number = /^\/raw\/(\d+)$/.exec(request.url ?? '')?.[1];
    if (number === undefined) {
      const policy = guarded ? { 'Content-Security-Policy': "frame-src 'self'" } : {};
      response.writeHead(200, { 'Content-Type': 'text/html', ...policy }).end('<!doctype html><body></body>');
      return;
    }
    const html = (attacks[Number(number)] ?? '')
      .replaceAll('FOREIGN', other.origin)
      .replaceAll('RUN', 'console.log(31337)');
    const headers = guarded
      ? mailHeaders({ app: app.origin, images: [`${app.origin}/mail/image/`] })
      : { 'Content-Type': 'text/html; charset=utf-8' };
    response.writeHead(200, headers).end(html);
  });
  const page = await browser.newPage();
  let ran = 0;
  page.on('console', (message) => {
    if (message.text() === '31337') ran += 1;
  });
  try {
    for (let from = 0; from < upTo; from += 64) {
      await page.goto(app.origin);
      const urls = attacks.slice(from, Math.min(from + 64, upTo)).map((_, i) => `${app.origin}/raw/${from + i}`);
      await showFrames(page, urls, guarded ? SANDBOX : null);
    }
  } finally {
    await page.close();
    for (const { server } of [app, other]) {
      server.closeAllConnections();
      server.close();
    }
  }
  return { ran, foreign };
};

test('D2 D4 raw attacks behind our headers: nothing runs, nothing is asked of another server; without them much does', async () => {
  const bare = await attack(false, 128);
  assert.ok(bare.ran >= 10, `only ${bare.ran} scripts ran unguarded: the test proves nothing`);
  assert.ok(bare.foreign.length > 30, `only ${bare.foreign.length} foreign requests unguarded`);
  const guarded = await attack(true, attacks.length);
  assert.equal(guarded.ran, 0);
  assert.deepEqual(guarded.foreign, []);
});

const FRAME = 6000;
const mails: Readonly<Record<string, { html: string; frame: number }>> = {
  short: { html: '<p>Hello</p>', frame: FRAME },
  long: { html: '<p>A line of text.</p>'.repeat(60), frame: FRAME },
  tall: { html: '<p>A line of text.</p>'.repeat(1000), frame: FRAME },
  taller: { html: '<p>A line of text.</p>'.repeat(1000), frame: 50_000 },
  unaware: { html: '<p>Hello</p>', frame: FRAME },
  late: { html: '<p>A picture:</p><img src="http://images.test/late">', frame: FRAME },
  quoted: { html: `<p>Yes.</p><div class="gmail_quote">${'<p>An old line.</p>'.repeat(30)}</div>`, frame: FRAME },
  hostile: {
    html: '<style>html,body{height:100%;min-height:100vh} *{position:fixed;display:none!important} .postern-rest{display:none}</style><div style="height:100%;min-height:200vh">x</div>',
    frame: FRAME,
  },
  beside: {
    html: '<style>body ~ *,~ *,.postern-mail + *,body:hover ~ *{flex:none!important;height:5990px!important}:root ~ *{display:none!important}</style><p class="postern-rest">x</p>',
    frame: FRAME,
  },
};

test('H1–H6 H9 a document without scripts says how tall its content is, where container queries are known', async () => {
  const log = new Log();
  const gate = Promise.withResolvers<void>();
  const app = await listen((request, response) => {
    const url = request.url ?? '';
    if (url === '/image') {
      const picture = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="700"></svg>';
      void gate.promise.then(() => response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(picture));
      return;
    }
    const [, kind, name = ''] = url.split('/');
    const mail = mails[name];
    if (kind === 'measure') {
      log.add(url);
      response.writeHead(204, { 'Cache-Control': 'no-store' }).end();
    } else if (kind === 'mail' && mail !== undefined) {
      const safe = sanitizeMail(mail.html, {
        image: () => `${app.origin}/image`,
        cid: () => null,
        link: (href) => href,
        foldQuotes: 'Show quoted text',
      });
      const path = `${app.origin}/measure/${name}`;
      response.writeHead(200, mailHeaders({ app: app.origin, images: [`${path}/`, `${app.origin}/image`] }));
      const made = mailDocument(safe.html, { title: 'Mail', look: safe.look, measure: { path, frame: mail.frame } });
      // At-rules that a browser does not know are skipped.
      response.end(name === 'unaware' ? made.replaceAll('@container', '@unknown') : made);
    } else
      response.writeHead(url === '/' ? 200 : 404, { 'Content-Type': 'text/html' }).end('<!doctype html><body></body>');
  });
  const page = await browser.newPage();
  const bands = (name: string): number[] =>
    log.urls.filter((url) => url.startsWith(`/measure/${name}/`)).map((url) => Number(url.split('/').at(-1)));
  const framed = (name: string): string =>
    `<div style="height:300px;overflow:hidden"><iframe sandbox="${SANDBOX}" style="width:800px;height:${mails[name]?.frame ?? FRAME}px;border:0" src="/mail/${name}"></iframe></div>`;
  const show = async (name: string): Promise<{ height: () => Promise<number>; toggle: () => Promise<void> }> => {
    await page.goto(app.origin);
    await page.evaluate(`document.body.innerHTML = ${JSON.stringify(framed(name))}`);
    await log.until(() => bands(name).length > 0);
    const inside = page.frames()[1];
    assert.ok(inside !== undefined);
    return {
      height: () => inside.evaluate<number>(`document.querySelector('.postern-mail').getBoundingClientRect().height`),
      toggle: () => inside.locator('summary').click(),
    };
  };
  const isRight = async (name: string, band: number, height: number): Promise<void> => {
    const frame = mails[name]?.frame ?? FRAME;
    const measured = measuredHeight(frame, band);
    assert.ok(
      measured !== null && measured >= height && measured < height + bandStep(frame) + 1,
      `${name}: ${measured} for ${height}`,
    );
  };
  try {
    for (const name of ['short', 'long', 'taller', 'hostile', 'beside']) {
      const { height } = await show(name);
      await isRight(name, bands(name)[0] ?? -1, await height());
      assert.equal(bands(name).length, 1, `${name}: exactly one request`);
    }
    await show('tall');
    assert.deepEqual(bands('tall'), [0]);
    assert.equal(measuredHeight(FRAME, 0), null);

    const both = ['unaware', 'long'].map((name) => framed(name)).join('');
    await page.evaluate(`document.body.innerHTML = ${JSON.stringify(both)}`);
    await log.until(() => bands('long').length === 2);
    await page.waitForLoadState('networkidle');
    assert.deepEqual(bands('unaware'), []);

    const late = await show('late');
    await isRight('late', bands('late')[0] ?? -1, await late.height());
    gate.resolve();
    await log.until(() => bands('late').length === 2);
    await isRight('late', bands('late')[1] ?? -1, await late.height());

    const quoted = await show('quoted');
    await isRight('quoted', bands('quoted')[0] ?? -1, await quoted.height());
    await quoted.toggle();
    await log.until(() => bands('quoted').length === 2);
    await isRight('quoted', bands('quoted')[1] ?? -1, await quoted.height());
  } finally {
    await page.close();
    app.server.closeAllConnections();
    app.server.close();
  }
});
