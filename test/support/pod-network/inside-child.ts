import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { listen, type Probe, probe } from '../firewall/probe.ts';

/** What the process in a network namespace of a test is told, one JSON object a line; it answers each with a line. */
export type Order =
  | { do: 'listen'; tcp: number[]; udp: number[] }
  | { do: 'probe'; probes: Probe[] }
  | { do: 'call'; method: string; url: string; token: string; type: string; body: string };

function call({ method, url, token, type, body }: Order & { do: 'call' }): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': length };
    const sent = request(url, { method, headers, rejectUnauthorized: false }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      resolve({ status: answer.statusCode, text });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const answers = {
  listen: (order: Order & { do: 'listen' }) =>
    new Promise((resolve) => {
      listen(order, () => resolve('up'));
    }),
  probe: ({ probes }: Order & { do: 'probe' }) => Promise.all(probes.map(probe)),
  call,
};

for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  const answer = await (answers[order.do] as (told: Order) => Promise<unknown>)(order).catch(
    (error: Error) => ({ status: 0, text: error.message }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
