/** Gives metrics to whoever fetches them: over HTTP, on a loopback port or a Unix socket. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';

/** Fetchers at the same moment. */
const MOST_CONNECTIONS = 16;

/** Where to listen: `[::1]:9464`, `127.0.0.1:9464`, or the path of a socket. */
export interface MetricsPlace {
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
}

export function metricsPlace(text: string): MetricsPlace {
  if (text.startsWith('/')) return { path: text };
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(text.slice(colon + 1)) };
}

/** Listens until it is closed; throws what Node throws where it cannot. */
export async function serveMetrics(
  place: MetricsPlace,
  text: () => string,
): Promise<{ readonly port: number | undefined; close(): void }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics\n');
      return;
    }
    const type = 'text/plain; version=0.0.4; charset=utf-8';
    response.writeHead(200, { 'content-type': type }).end(text());
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  if (place.path !== undefined) rmSync(place.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, () => resolve());
  });
  // Counters are no secret, but who may read them is the operator's to say.
  if (place.path !== undefined) chmodSync(place.path, 0o660);
  const address = server.address();
  return {
    port: typeof address === 'object' ? address?.port : undefined,
    close: () => {
      server.close();
      server.closeAllConnections();
      if (place.path !== undefined) rmSync(place.path, { force: true });
    },
  };
}
