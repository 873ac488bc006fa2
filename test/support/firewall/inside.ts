import { droppedPackets } from '../../../agent/observe/dropped.ts';
import { watchAddresses } from '../../../agent/watch/addresses.ts';
import { listen, type Probe, probe } from './probe.ts';

/** What a program in a network namespace of a test is told: JSON, its one argument. */
export type Order =
  | { do: 'listen'; tcp: number[]; udp: number[] }
  | { do: 'probe'; probes: Probe[] }
  | { do: 'dropped' }
  | { do: 'addresses' };

const order = JSON.parse(process.argv[2] ?? '') as Order;
const tell = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
if (order.do === 'listen') listen(order, () => tell('up'));
else if (order.do === 'probe') tell(await Promise.all(order.probes.map(probe)));
else tell(await (order.do === 'dropped' ? droppedPackets : watchAddresses)(new AbortController().signal));
