import { parseArgs } from 'node:util';
import { drip, hold } from '../../test/support/flood.ts';

/** Attacks a server from addresses of the loopback network, until its standard input ends. Says when it has begun. */
const { values } = parseArgs({
  options: { port: { type: 'string' }, slow: { type: 'string' }, open: { type: 'string' } },
});
const [port, slow, open] = [Number(values.port), Number(values.slow), Number(values.open)];
const stop = new AbortController();
process.stdin.resume().once('end', () => stop.abort());

/** As many of one address as it may have: what is more is the server's easiest no. */
const OF_ONE = 50;
const addresses = (count: number, first: number) =>
  Array.from({ length: Math.ceil(count / OF_ONE) }, (_, index) => `127.0.${first}.${index + 1}`);

const dripping = addresses(slow, 2).map((from) => drip(port, from, OF_ONE, stop.signal));
const held = (await Promise.all(addresses(open, 3).map((from) => hold(port, from, OF_ONE)))).flat();
process.stdout.write('attacking\n');
await Promise.all(dripping);
stop.signal.addEventListener('abort', () => process.exit(0));
if (stop.signal.aborted) process.exit(0);
for (const socket of held) socket.resume();
