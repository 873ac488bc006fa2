import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Report } from './wire.ts';

/** Between passes: when all is as declared, and at first when not. */
const SETTLED_MS = 300_000;
const RETRY_MS = 5_000;

interface Inputs {
  port: number;
  pass: () => Promise<Report>;
  /** Sees each pass. */
  tell: (report: Report) => void;
  signal: AbortSignal;
}

/**
 * Keeps the apps as declared until it is told to end, and answers `/healthz` and, with the last pass, `/report`. After
 * one with a change or a problem the next follows soon, then less and less often.
 */
export async function serve({ port, pass, tell, signal }: Inputs): Promise<void> {
  let last: Report | null = null;
  const server = await listening(port, () => last);
  for (
    let wait = RETRY_MS;
    !signal.aborted;
    wait = last?.settled ? RETRY_MS : Math.min(2 * wait, SETTLED_MS)
  ) {
    last = await pass();
    tell(last);
    await setTimeout(last.settled ? SETTLED_MS : wait, undefined, { signal }).catch(() => undefined);
  }
  server.close();
  server.closeAllConnections();
}

async function listening(port: number, last: () => Report | null): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const report = last();
    if (url === '/healthz') response.end('ok\n');
    else if (url !== '/report') response.writeHead(404).end();
    else if (report === null) response.writeHead(503).end('the first pass is not over\n');
    else response.setHeader('Content-Type', 'application/json').end(`${JSON.stringify(report)}\n`);
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.maxConnections = 32;
  server.listen(port);
  await once(server, 'listening');
  return server;
}
