import type { Eviction, Expansion } from '../../contract/expand.ts';
import type { PoolMove } from '../../contract/node-pools.ts';
import { nodesOf } from './cluster.ts';
import { heldText, isLeaving, isReadyPod, nameOf, ownerOf, type Pod } from './pods.ts';
import { whyStays } from './stays.ts';
import { type Halt, nothing, type RunFacts, type RunPool, type Step, type Wait } from './step.ts';

const NEXT = '`./cpiab expand go-on` when that is mended, or `./cpiab expand stop`';

/** What one step looks at. */
interface Scene {
  run: Expansion;
  pool: RunPool;
  move: PoolMove;
  /** Of the move in its pool. */
  index: number;
  pods: readonly Pod[];
  /** Nodes of the pool, by name. */
  inPool: ReadonlySet<string>;
  facts: RunFacts;
}

/** Moves pods to a pool, one entry after the other. @returns null when none is left that would go there. */
export function movesStep(run: Expansion, pool: RunPool, facts: RunFacts): Step | null {
  const inPool = new Set(nodesOf(facts, pool.name).map(({ name }) => name));
  for (const [index, move] of pool.moves.entries()) {
    const step = moveStep({ run, pool, move, index, pods: facts.pods.get(move) ?? [], inPool, facts });
    if (step !== null) return step;
  }
  return null;
}

function moveStep(scene: Scene): Step | null {
  const { run, pool, move, index, facts } = scene;
  const own = run.evicting.filter((one) => one.pool === pool.name && one.move === index);
  const fates = fatesOf(own, scene);
  const halt = fates.find((fate) => fate.halt !== null)?.halt ?? null;
  const settled = fates.filter(({ isSettled }) => isSettled).map(({ eviction }) => eviction);
  if (halt !== null || settled.length > 0) return { ...nothing, halt, settled };
  const pending = fates.map(({ eviction, why }) =>
    waitFor(pool, eviction.uid, `${textOf(eviction)}: ${why}`),
  );
  const candidates = run.state === 'stopping' ? [] : candidatesOf(scene);
  if (candidates.length === 0) return pending.length === 0 ? null : { ...nothing, waits: pending };
  if (!nodesOf(facts, pool.name).some(({ ready, open }) => ready && open)) return noPlace(pool);
  const lacking = lackingOf(scene, fates);
  const free = Math.max(0, move.maxUnavailable - own.length - lacking.length);
  const others = lacking.map((pod) => waitFor(pool, pod.metadata.uid, `${nameOf(pod)}: ${heldText(pod)}`));
  return {
    ...nothing,
    evict: candidates.slice(0, free).map((pod) => evictionOf(pod, scene)),
    waits: free > 0 ? pending : [...pending, ...others],
  };
}

/** Pods that would go to the pool and have not been asked. */
function candidatesOf({ run, pool, pods, inPool, facts }: Scene): Pod[] {
  const places = nodesOf(facts, pool.name);
  const asked = new Set(run.evicting.map(({ uid }) => uid));
  return pods.filter(
    (pod) =>
      !isLeaving(pod) &&
      pod.spec.nodeName !== undefined &&
      !inPool.has(pod.spec.nodeName) &&
      !asked.has(pod.metadata.uid) &&
      whyStays(pod, { pool: pool.name, places, volumes: facts.volumes }) === null,
  );
}

const waitFor = ({ progressDeadlineSeconds }: RunPool, key: string, why: string): Wait => ({
  ...{ key: `pod ${key}`, limitSeconds: progressDeadlineSeconds, why },
  next: NEXT,
});

const noPlace = ({ name, progressDeadlineSeconds }: RunPool): Step => {
  const why = `no node of pool ${name} is Ready and takes pods`;
  return {
    ...nothing,
    waits: [{ key: `pool ${name}`, limitSeconds: progressDeadlineSeconds, why, next: NEXT }],
  };
};

/** What became of one eviction. */
interface Fate {
  eviction: Eviction;
  /** UIDs of the pods that may have taken its place. */
  heirs: readonly string[];
  isSettled: boolean;
  halt: Halt | null;
  why: string;
}

/** One successor counts for one eviction. */
function fatesOf(evictions: readonly Eviction[], scene: Scene): Fate[] {
  const taken = new Set<string>();
  return evictions.map((eviction) => {
    const heirs = scene.pods.filter((pod) => isHeir(pod, eviction) && !taken.has(pod.metadata.uid));
    const arrived = heirs.find((pod) => isReadyPod(pod) && scene.inPool.has(pod.spec.nodeName ?? ''));
    if (arrived !== undefined) taken.add(arrived.metadata.uid);
    const fate = {
      eviction,
      heirs: heirs.map(({ metadata }) => metadata.uid),
      isSettled: arrived !== undefined,
    };
    if (arrived !== undefined) return { ...fate, halt: null, why: '' };
    return { ...fate, halt: strayed(eviction, heirs, scene), why: whyNotYet(eviction, heirs, scene) };
  });
}

const isHeir = (pod: Pod, { owner, before }: Eviction) =>
  ownerOf(pod)?.uid === owner && !before.includes(pod.metadata.uid) && !isLeaving(pod);

/** All that could be its successor works, and none of it in the pool: nothing will change by itself. */
function strayed(eviction: Eviction, heirs: readonly Pod[], { pool }: Scene): Halt | null {
  const [heir] = heirs;
  if (heir === undefined || !heirs.every(isReadyPod)) return null;
  return {
    why: `${nameOf(heir)}, which took the place of ${eviction.name}, is on ${heir.spec.nodeName}, not in pool ${pool.name}`,
    next: `see why the scheduler prefers that node (room, weight of the node affinity); ${NEXT}`,
  };
}

function whyNotYet({ uid }: Eviction, heirs: readonly Pod[], { pods, facts }: Scene): string {
  const pod = pods.find(({ metadata }) => metadata.uid === uid);
  if (pod !== undefined && !isLeaving(pod)) return facts.refused.get(uid) ?? 'it was asked to go';
  const heir = heirs.find((one) => !isReadyPod(one));
  if (heir !== undefined) return `its successor ${heir.metadata.name}: ${heldText(heir)}`;
  return pod === undefined ? 'nothing has taken its place yet' : 'it is ending';
}

/** Pods that are not ready, besides those of the evictions under way. */
function lackingOf({ pods }: Scene, fates: readonly Fate[]): Pod[] {
  const counted = new Set(fates.flatMap(({ eviction, heirs }) => [eviction.uid, ...heirs]));
  return pods.filter(
    (pod) =>
      !isReadyPod(pod) &&
      !counted.has(pod.metadata.uid) &&
      // A ReplicaSet has made the successor by then, which counts for itself.
      !(isLeaving(pod) && ownerOf(pod)?.kind === 'ReplicaSet'),
  );
}

function evictionOf(pod: Pod, { pool, index, pods }: Scene): Eviction {
  const { namespace, name, uid } = pod.metadata;
  const owner = ownerOf(pod)?.uid ?? '';
  const before = pods.filter((one) => ownerOf(one)?.uid === owner).map((one) => one.metadata.uid);
  return { pool: pool.name, move: index, namespace, name, uid, owner, before };
}

const textOf = ({ namespace, name }: Eviction) => `${namespace}/${name}`;
