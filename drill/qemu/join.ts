import type { Joined } from '../boxes.ts';
import type { Drill } from '../drill.ts';
import { waitFor } from '../wait.ts';
import type { PlacedHost } from '../world.ts';
import { VirtualMachine } from './machine.ts';
import { mediumOf } from './virtual-box.ts';

const READY_SECONDS = 3600;

/** Starts a machine from the medium as a node, and waits until it is Ready in its bank's cluster. */
export async function joinMachine(drill: Drill, host: PlacedHost): Promise<Joined> {
  const { world, repository, signal } = drill;
  const box = await drill.box(host.bank);
  const machine = new VirtualMachine(world, host);
  const name = `${host.bank}-${host.name}`;
  if (!(await machine.isOn())) {
    const invitation = await box.invite(name, READY_SECONDS);
    const own = { hostname: name, role: 'node', invitation };
    await machine.switchOn(mediumOf(repository, world.scenario.site), own, signal);
  }
  await box.approveWhenAsked(name, READY_SECONDS * 1000);
  const wait = { seconds: READY_SECONDS, what: `${name} is not Ready`, signal };
  const id = await waitFor(async () => {
    const node = (await box.nodes()).find((one) => one.name === name && one.state === 'joined');
    return node?.cluster === 'ready' ? node.id : null;
  }, wait);
  return { id, name };
}
