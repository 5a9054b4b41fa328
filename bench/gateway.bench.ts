import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openTestGateway } from '#gateway/fixture.ts';
import { found } from '#index/fixture.ts';
import { capabilities } from '#jmap/core.ts';
import { figure, median, table, times } from './figures.ts';

/**
 * The page of the 50 newest conversations through the gateway, beside a bare HTTP answer of the same bytes:
 * `node bench/gateway.bench.ts [--size 20000]`. Nothing is asserted. "computed": another request each time, of the same
 * rows; "never seen": of rows that nobody has asked for before.
 */
const size = Number(process.argv[process.argv.indexOf('--size') + 1] || 0) || 20_000;
const runs = 400;

using g = openTestGateway();
for (let from = 1; from <= size; from += 1000) {
  const batch = Array.from({ length: Math.min(1000, size - from + 1) }, (_, at) => {
    const uid = from + at;
    // Every third message answers the one before.
    const inReplyTo = uid % 3 === 0 ? [`m${uid - 1}@example.org`] : [];
    const patch = {
      subject: `Subject of number ${uid} which is about as long as subjects are`,
      inReplyTo,
      references: inReplyTo,
    };
    return found(uid, { keywords: uid % 5 === 0 ? [] : ['$seen'], envelope: patch });
  });
  g.index.write((t) => t.add(g.box.inbox, batch));
}

const properties = [
  'threadId',
  'mailboxIds',
  'keywords',
  'from',
  'to',
  'subject',
  'receivedAt',
  'size',
  'hasAttachment',
  'preview',
];
const { accountId } = g;
const using = [capabilities.core, capabilities.mail];
const list = (position: number, mark: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      using,
      methodCalls: [
        [
          'Email/query',
          {
            accountId,
            filter: { inMailbox: 'B1' },
            sort: [{ property: 'receivedAt', isAscending: false }],
            collapseThreads: true,
            position,
            limit: 50,
          },
          mark,
        ],
        ['Email/get', { accountId, '#ids': { resultOf: mark, name: 'Email/query', path: '/ids' }, properties }, 'g'],
        ['Thread/get', { accountId, '#ids': { resultOf: 'g', name: 'Email/get', path: '/list/*/threadId' } }, 't'],
      ],
    }),
  );

const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const answer = (await g.gateway.api(g.caller, list(0, 'q'))).body;
const bare = createServer((asked, answered) => {
  asked.resume();
  asked.on('end', () => answered.setHeader('content-type', 'application/json').end(answer));
});
const whole = createServer((asked, answered) => {
  const chunks: Buffer[] = [];
  asked.on('data', (chunk: Buffer) => chunks.push(chunk));
  asked.on('end', () => {
    void g.gateway
      .api(g.caller, Buffer.concat(chunks))
      .then(({ body }) => answered.setHeader('content-type', 'application/json').end(body));
  });
});
const [barePort, wholePort] = [await listen(bare), await listen(whole)];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const post = (port: number, body: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method: 'POST', agent }, (got) => {
      got.resume();
      got.on('end', resolve);
    });
    sent.on('error', reject);
    sent.end(body);
  });

const deep = Math.floor(size / 3);
const limit = median(await times(runs, () => post(barePort, list(0, 'q'))));
const fresh = median(await times(runs, (i) => post(wholePort, list(0, `q${i}`))));
const far = median(await times(runs, (i) => post(wholePort, list(deep, `d${i}`))));
const unseen = median(
  await times(Math.min(runs, Math.floor(size / 150)), (i) => post(wholePort, list(50 * i, `u${i}`)), 0),
);
const alone = median(await times(runs, (i) => g.gateway.api(g.caller, list(0, `a${i}`))));
bare.close();
whole.close();
agent.destroy();

const bytes = `${answer.length} bytes, ${size} messages`;
console.log(
  table([
    figure('list page, computed', 'ms', fresh, limit, bytes),
    figure(`list page at depth ${deep}, computed`, 'ms', far, limit, bytes),
    figure('list page never seen', 'ms', unseen, limit, 'pages one after another'),
    figure('gateway alone, computed', 'ms', alone, null),
  ]),
);
