import type { Expansion } from '../../contract/expand.ts';
import { nodesOf } from './cluster.ts';
import {
  type AskingMachine,
  type Halt,
  nothing,
  type RunFacts,
  type RunMachine,
  type RunPool,
  type Step,
  type Wait,
} from './step.ts';

/** Lets the machines of a pool in, as many at once as it may. @returns null when all are Ready nodes of it. */
export function machinesStep(run: Expansion, pool: RunPool, facts: RunFacts): Step | null {
  const all = pool.machines.map((planned) => ({ planned, found: recordOf(planned, facts.machines) }));
  // The box gives a Node its labels a little after it is Ready; without them no pod would go there.
  const inPool = new Set(nodesOf(facts, pool.name).map(({ name }) => name));
  const left = all.filter(({ planned, found }) => !(hasJoined(found) && inPool.has(planned.name)));
  if (left.length === 0) return null;
  const halts = left.flatMap(({ planned, found }) => (found && haltOf(planned, found)) ?? []);
  if (halts[0] !== undefined && run.state !== 'stopping') return { ...nothing, halt: halts[0] };
  const joining = left.filter(({ found }) => found?.state === 'approved' || found?.state === 'joined');
  const free = run.state === 'stopping' ? 0 : Math.max(0, pool.surge - joining.length);
  // In the plan's order: who has not asked again keeps its turn.
  const next = left.filter(({ found }) => found === undefined || found.state === 'pending').slice(0, free);
  return {
    ...nothing,
    approve: next.flatMap(({ found }) => found ?? []),
    waits: [
      ...joining.map(({ planned }) => joiningWait(planned, pool)),
      ...next.flatMap(({ planned, found }) => (found === undefined ? [absentWait(planned, pool)] : [])),
    ],
  };
}

/** By its key: the request that was approved, or what it is by now. */
export function recordOf(
  { key, request }: RunMachine,
  machines: readonly AskingMachine[],
): AskingMachine | undefined {
  const own = machines.filter((machine) => machine.key === key);
  return (
    own.find(({ state }) => state === 'joined') ??
    own.find((one) => one.request === request) ??
    // What has ended before is another story.
    own.find(({ state }) => state === 'pending' || state === 'approved')
  );
}

export const hasJoined = (machine: AskingMachine | undefined) => machine?.cluster === 'ready';

/** What no waiting mends. */
function haltOf({ name, request }: RunMachine, { state, reason, ...found }: AskingMachine): Halt | null {
  const next =
    'let it ask again and look at it, then `./cpiab expand stop` and approve a plan that has it as it is';
  if (state === 'pending' && found.request !== request)
    return { why: `${name} asks by another request than the one that was approved`, next };
  if (['pending', 'approved', 'joined'].includes(state)) return null;
  return { why: `${name} is ${state}${reason === '' ? '' : `: ${reason}`}`, next };
}

const joiningWait = ({ name, key }: RunMachine, { progressDeadlineSeconds }: RunPool): Wait => ({
  ...{ key: `joining ${key}`, limitSeconds: progressDeadlineSeconds },
  why: `${name} is approved, and not a Ready node yet`,
  next: `look at the console of ${name} and at \`./cpiab nodes\`; then \`./cpiab expand go-on\`, or \`./cpiab expand stop\``,
});

/** Requests of machines without an invitation are forgotten when the agent starts again; they ask again by themselves. */
const absentWait = ({ name, key }: RunMachine, { progressDeadlineSeconds }: RunPool): Wait => ({
  ...{ key: `absent ${key}`, limitSeconds: progressDeadlineSeconds },
  why: `${name} does not ask any more`,
  next: `see that ${name} runs and reaches the box; then \`./cpiab expand go-on\`, or \`./cpiab expand stop\``,
});
