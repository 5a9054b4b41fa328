/** The limit for a page of the list: a bare HTTP server, in a process of its own, that answers each request with the same bytes. */
import { createServer } from 'node:http';

const bytes = Buffer.alloc(Number(process.argv[2] ?? 1000), 'x');
const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
});
process.on('disconnect', () => process.exit(0));
