import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { mailDocument, measuredHeight } from './document.ts';
import { mailHeaders } from './headers.ts';
import { sanitizeMail } from './sanitize.ts';
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const mails: Record<string, string> = {
  short: '<p>hello</p>',
  long: '<p>line</p>'.repeat(60),
  tall: '<p>line</p>'.repeat(1000),
  late: '<p>x</p><img src="http://e/late.svg">',
  details: '<p>Hi</p><div class=gmail_quote>' + '<p>old</p>'.repeat(30) + '</div>',
};
const asked: string[] = [];
let origin = '';
const server = createServer((q, r) => {
  const u = q.url ?? '';
  if (u === '/') {
    r.setHeader('content-type', 'text/html');
    r.end('<!doctype html><body style="margin:0"></body>');
    return;
  }
  if (u.startsWith('/mail/img/late')) {
    setTimeout(() => {
      r.writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'no-store' });
      r.end('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="700"/>');
    }, 400);
    return;
  }
  if (u.startsWith('/mail/m/')) {
    asked.push(u);
    r.writeHead(204, { 'cache-control': 'no-store' });
    r.end();
    return;
  }
  const m = /^\/mail\/doc\/(\w+)\?f=(\d+)/.exec(u);
  if (m) {
    const s = sanitizeMail(mails[m[1]!]!, {
      image: () => `${origin}/mail/img/late.svg`,
      cid: () => null,
      link: (h) => h,
      foldQuotes: 'Show quoted text',
    });
    r.writeHead(200, mailHeaders({ app: origin, images: [`${origin}/mail/img/`, `${origin}/mail/m/${m[1]}/`] }));
    r.end(
      mailDocument(s.html, {
        title: 'x',
        look: s.look,
        measure: { path: `${origin}/mail/m/${m[1]}`, frame: Number(m[2]) },
      }),
    );
    return;
  }
  r.writeHead(404);
  r.end();
});
await new Promise<void>((d) => server.listen(0, '127.0.0.1', d));
origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
page.on('console', (m) => console.log('console', m.text()));
await page.goto(origin + '/');
for (const name of Object.keys(mails)) {
  asked.length = 0;
  const F = name === 'tall' ? 6000 : 6000;
  await page.evaluate(
    ([n, f]) => {
      document.body.innerHTML = `<div style="height:400px;overflow:hidden"><iframe sandbox="allow-popups allow-popups-to-escape-sandbox" style="width:800px;height:${f}px;border:0" src="/mail/doc/${n}?f=${f}"></iframe></div>`;
    },
    [name, String(F)] as const,
  );
  await page.waitForTimeout(1200);
  const fr = page.frames()[1]!;
  const real = await fr
    .evaluate(() => document.querySelector('.postern-mail')!.getBoundingClientRect().height)
    .catch((e) => String(e).slice(0, 80));
  console.log(
    name,
    asked,
    asked.map((a) => measuredHeight(F, Number(a.split('/').at(-1)))),
    'real',
    real,
  );
  if (name === 'details') {
    for (let i = 0; i < 4; i++) {
      await fr.locator('summary').click();
      await page.waitForTimeout(400);
      console.log(' toggled', [...asked]);
    }
  }
}
await browser.close();
server.close();
