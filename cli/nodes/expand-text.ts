import { stripVTControlCharacters } from 'node:util';
import type {
  Expansion,
  ExpansionPlan,
  ExpansionStatus,
  PlannedMachine,
  PlannedMove,
  PlannedPool,
} from '../../contract/expand.ts';
import { formatBytes } from '../../contract/units.ts';
import { table } from '../table.ts';

/** A plan as people read it, with what approves it at its end. */
export function planText({ pools, discovered, digest }: ExpansionPlan): string {
  const isNothing = pools.every(
    ({ machines, moves }) => machines.length === 0 && moves.every(({ pods }) => pods.length === 0),
  );
  const end = isNothing
    ? 'nothing to approve: no machine of these pools asks to join, and no pod would move'
    : `compare each key with what its machine shows; to approve exactly this: cpiab expand approve ${digest}`;
  return plain([...pools.map(poolText), ...discoveredText(discovered), end].join('\n\n'));
}

function poolText({
  name,
  surge,
  progressDeadlineSeconds,
  nodes,
  machines,
  leftOut,
  moves,
}: PlannedPool): string {
  const there =
    nodes.map((node) => `${node.name}${node.ready ? '' : ' (not ready)'}`).join(', ') || 'no node yet';
  const left = leftOut.map((one) => `  not in the plan: ${one.name}, key ${one.key}: ${one.why}`);
  const head = `pool ${name}: ${there}; ${surge} at once, ${progressDeadlineSeconds} s for each step`;
  return [head, ...machinesText(machines), ...left, ...moves.flatMap(moveText)].join('\n');
}

function machinesText(machines: readonly PlannedMachine[]): string[] {
  if (machines.length === 0) return ['  no machine asks to join'];
  const rows = machines.map(({ name, key, address, invited, inventory }, index) => [
    `  ${index + 1}`,
    name,
    key,
    inventory === null ? '' : String(inventory.cpus),
    inventory === null ? '' : formatBytes(inventory.memoryBytes),
    `${address}${invited ? '' : ', not invited'}`,
  ]);
  const [first = ''] = machines.map(({ expires }) => expires).toSorted();
  const heading = ['  ', 'machine', 'key', 'cpus', 'memory', 'from'];
  return [...table([heading, ...rows]).split('\n'), `  the first of these requests ends at ${first}`];
}

function moveText({ namespace, selector, maxUnavailable, pods, stays, there }: PlannedMove): string[] {
  const labels = Object.entries(selector).map(([key, value]) => ` ${key}=${value}`);
  const head = `  then pods of ${namespace}${labels.join('')}, ${maxUnavailable} at once: ${pods.length} move, ${there} there already`;
  return [
    head,
    ...pods.map(({ name, node }) => `    ${name} from ${node}`),
    ...stays.map(({ name, node, why }) => `    ${name} stays${node === '' ? '' : ` on ${node}`}: ${why}`),
  ];
}

function discoveredText(discovered: ExpansionPlan['discovered']): string[] {
  if (discovered.length === 0) return [];
  const lines = discovered.map(({ address, names, rule, pool }) => {
    const called = names.length === 0 ? '' : ` (${names.join(', ')})`;
    return `  ${address}${called}, by rule ${rule}${pool === null ? '' : `, would be in pool ${pool}`}`;
  });
  return [
    [
      'found on the network, and has not asked: boot it from the medium, or run `cpiab join` there',
      ...lines,
    ].join('\n'),
  ];
}

/** How an expansion stands. */
export function expansionText({ expansion, joined, waits }: ExpansionStatus): string {
  if (expansion === null)
    return 'no expansion was ever approved; `cpiab expand plan` shows what the box proposes';
  const { digest, who, approved, state, halt, pools, evicting, moved } = expansion;
  const machines = pools.flatMap((pool) => pool.machines);
  return plain(
    [
      `${stateTexts[state]}; expansion ${digest}`,
      `approved by ${who.name} at ${approved}`,
      `${joined.length} of ${machines.length} machines are Ready nodes, ${moved.length} pods moved`,
      ...machines.map(({ name, key }) => `  ${name}: ${joined.includes(key) ? 'Ready' : 'not yet'}`),
      ...evicting.map(({ namespace, name, pool }) => `  ${namespace}/${name} is on its way to pool ${pool}`),
      ...waits.map((wait) => `waits: ${wait}`),
      ...(halt === null ? [] : [`why: ${halt.why}`, `next: ${halt.next}`]),
    ].join('\n'),
  );
}

const stateTexts: Record<Expansion['state'], string> = {
  running: 'running',
  stopping: 'stopping: what has begun is finished',
  halted: 'halted: nothing more is approved or evicted',
  stopped: 'stopped',
  done: 'done',
};

/** What machines and pods call themselves does not control the terminal. */
const plain = (text: string) => stripVTControlCharacters(text);
