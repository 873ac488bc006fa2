import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startTestApi } from '../../test/support/api.ts';
import { quantile, statusTimes } from '../../test/support/flood.ts';

/**
 * How long `GET /v1/status` takes, each on a connection of its own with its TLS handshake: alone, beside a slowloris,
 * beside thousands of connections that are held open, beside both. The baseline is the same server without an attack.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100' },
    slow: { type: 'string', default: '200' },
    open: { type: 'string', default: '5000' },
  },
});
const calls = Number(values.calls);
const attacks: [name: string, slow: string, open: string][] = [
  [`slowloris, ${values.slow} connections`, values.slow, '0'],
  [`${values.open} connections held open`, '0', values.open],
  ['both', values.slow, values.open],
];

async function main(): Promise<void> {
  const api = await startTestApi(() => undefined);
  // Each from another address: a client that comes as often as this would be held back itself.
  let client = 1;
  const measure = () => statusTimes(api.url, api.identity.certificate, calls, `127.0.4.${client++}`);
  try {
    await measure();
    const alone = await measure();
    print('alone (baseline)', alone, alone);
    for (const [name, slow, open] of attacks) {
      const attacker = await attack(api.port, slow, open);
      try {
        print(name, await measure(), alone);
      } finally {
        await attacker.stop();
      }
    }
  } finally {
    await api.close();
  }
}

/** A process of its own: what the attack costs whoever makes it is not the server's. */
async function attack(port: number, slow: string, open: string): Promise<{ stop(): Promise<unknown> }> {
  const script = join(import.meta.dirname, 'flood.ts');
  const argv = [script, '--port', String(port), '--slow', slow, '--open', open];
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  if (child.exitCode !== null) throw new Error('the attack ended before it began');
  return {
    stop: () => {
      child.stdin.end();
      return ended;
    },
  };
}

function print(name: string, times: number[], baseline: number[]): void {
  const columns = [0.5, 0.99].map((share) => {
    const [own, base] = [quantile(times, share), quantile(baseline, share)];
    return `p${share * 100} ${own.toFixed(1).padStart(7)} ms  ${(own / base).toFixed(2)}×`;
  });
  process.stdout.write(`${name.padEnd(32)} ${columns.join('   ')}\n`);
}

await main();
