import { randomInt, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Payment } from './web.ts';

export const CustomersConfigSchema = z.strictObject({
  url: z.url(),
  perSecond: z.number(),
  accounts: z.number(),
  log: z.string(),
});

/** A line of their log: a payment that was acknowledged, or one request that was not. Times are milliseconds since the epoch. */
export const CustomerLineSchema = z.union([
  z.strictObject({ id: z.uuid(), sent: z.number(), acknowledged: z.number(), server: z.string() }),
  z.strictObject({ id: z.uuid(), failed: z.number(), why: z.string() }),
]);

const AnswerSchema = z.object({ id: z.uuid(), server: z.string() });
const MOST_WAITING = 40;
const PAUSE_MS = 300;
const TIMEOUT_MS = 4000;

/** People who pay, steadily, and who ask again until they are told that it was done. They write down what they were told. */
export async function customers(
  config: z.infer<typeof CustomersConfigSchema>,
  stop: AbortSignal,
): Promise<void> {
  const waiting = new Set<Promise<void>>();
  while (!stop.aborted) {
    if (waiting.size < MOST_WAITING) {
      const paid: Promise<void> = pay(config, stop).finally(() => waiting.delete(paid));
      waiting.add(paid);
    }
    await sleep(1000 / config.perSecond);
  }
  await Promise.all(waiting);
}

async function pay(
  { url, accounts, log }: z.infer<typeof CustomersConfigSchema>,
  stop: AbortSignal,
): Promise<void> {
  const [debit, step] = [randomInt(1, accounts + 1), randomInt(1, accounts)];
  const credit = ((debit - 1 + step) % accounts) + 1;
  const payment = { id: randomUUID(), debit, credit, amount: randomInt(1, 1000) };
  const sent = Date.now();
  const write = (line: object) => appendFileSync(log, `${JSON.stringify(line)}\n`);
  while (!stop.aborted) {
    try {
      const { server } = AnswerSchema.parse(JSON.parse(await post(url, payment)));
      write({ id: payment.id, sent, acknowledged: Date.now(), server });
      return;
    } catch (error) {
      write({ id: payment.id, failed: Date.now(), why: (error as Error).message.split('\n')[0] });
      await sleep(PAUSE_MS);
    }
  }
}

/** A connection for each request, so that each looks the name up. */
function post(url: string, payment: Payment): Promise<string> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(payment);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request(url, { method: 'POST', headers, agent: false, timeout: TIMEOUT_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => (answer.statusCode === 201 ? resolve(text) : reject(new Error(text))));
      answer.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end(body);
  });
}
