/**
 * A box's wall in a network namespace of its own, as a process there: knocks at two ports of an address outside,
 * with the way out to one of them open and shut. Prints how many packets each knock was refused, as JSON.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { withWayOut } from '../../../agent/serve/git/pull/egress.ts';
import { run } from '../../../host/process.ts';
import { firewallRules } from '../firewall/rules.ts';

const address = '192.0.2.9';
await run(['ip', 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'other']);
await run(['ip', 'address', 'add', '192.0.2.1/24', 'dev', 'lan']);
for (const end of ['lan', 'other']) await run(['ip', 'link', 'set', end, 'up']);
await run(['nft', '-f', '-'], { input: await firewallRules() });

async function denied(): Promise<number> {
  const { stdout } = await run(['nft', 'list', 'counter', 'inet', 'cpiab', 'egress']);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}

/** Nobody is there: a packet that gets out has no answer. */
async function refused(port: number): Promise<number> {
  const before = await denied();
  const socket = connect(port, address).on('error', () => {});
  await sleep(300);
  socket.destroy();
  return (await denied()) - before;
}

const knocks = async () => ({ meant: await refused(443), other: await refused(80) });
const shut = await knocks();
const open = await withWayOut({ address, port: 443 }, knocks);
const failing = withWayOut({ address, port: 443 }, async () => {
  throw new Error('the work failed');
});
const failed = await failing.catch((error: Error) => error.message);
process.stdout.write(JSON.stringify({ shut, open, failed, after: await knocks() }));
