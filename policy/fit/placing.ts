import type { Placed } from '../../contract/assess.ts';
import type { Workload } from './needs.ts';
import type { Machine } from './place.ts';

/** What goes where, by the machine's place in the list, and what finds no room. */
export interface Placing {
  on: Placed[][];
  unplaced: Placed[];
  /** Whether all have room that somebody has measured. */
  proven: boolean;
}

interface Room {
  cpuMillis: number;
  memoryBytes: number;
  diskBytes: number;
  /** Of the memory, all of it. */
  whole: number;
}

const left = ({ memoryBytes, whole }: Room) =>
  Number.isFinite(memoryBytes / whole) ? memoryBytes / whole : 1;

/**
 * One way to place all pods: what every machine runs first, then the largest first, each where the largest part of the
 * memory is left. A
 * scheduler may choose another, so this shows that there is a way, not which.
 * @param machines that can be nodes; the first is the box. @param data bytes that lie on the box.
 */
export function place(workloads: readonly Workload[], machines: readonly Machine[], data: number): Placing {
  const measured = placeIn(workloads, machines, data, 0);
  if (measured.unplaced.length === 0) return { ...measured, proven: true };
  return { ...placeIn(workloads, machines, data, Number.POSITIVE_INFINITY), proven: false };
}

/** @param unmeasured what is taken for room that nobody has measured. */
function placeIn(
  workloads: readonly Workload[],
  machines: readonly Machine[],
  data: number,
  unmeasured: number,
): Omit<Placing, 'proven'> {
  const rooms = machines.map((machine, index) => roomOf(machine, index === 0 ? data : 0, unmeasured));
  const placing: Omit<Placing, 'proven'> = { on: machines.map(() => []), unplaced: [] };
  for (const { instances, onBox, ...pod } of ordered(workloads)) {
    const everywhere = rooms.keys().map((index) => [index]);
    const anywhere = onBox ? [0] : [...rooms.keys()];
    // Where each instance may go.
    const choices = instances === null ? [...everywhere] : Array<number[]>(instances).fill(anywhere);
    for (const choice of choices) placeOne(placing, pod, rooms, choice);
  }
  return placing;
}

function placeOne(
  placing: Omit<Placing, 'proven'>,
  pod: Placed,
  rooms: readonly Room[],
  choice: readonly number[],
): void {
  const open = [...rooms.entries()].filter(([index, room]) => choice.includes(index) && fits(pod, room));
  const best = open.toSorted(([, one], [, other]) => left(other) - left(one))[0];
  if (best === undefined) {
    placing.unplaced.push(pod);
    return;
  }
  const [index, room] = best;
  room.cpuMillis -= pod.cpuMillis;
  room.memoryBytes -= pod.memoryBytes;
  room.diskBytes -= pod.diskBytes;
  placing.on[index]?.push(pod);
}

const ordered = (workloads: readonly Workload[]) =>
  workloads.toSorted(
    (a, b) =>
      Number(a.instances !== null) - Number(b.instances !== null) ||
      Number(b.onBox) - Number(a.onBox) ||
      b.memoryBytes - a.memoryBytes ||
      (a.workload < b.workload ? -1 : 1),
  );

function roomOf({ cpus, memoryBytes, diskBytes }: Machine, data: number, unmeasured: number): Room {
  return {
    cpuMillis: (cpus ?? unmeasured) * 1000,
    memoryBytes: memoryBytes ?? unmeasured,
    diskBytes: (diskBytes ?? unmeasured) - data,
    whole: memoryBytes ?? unmeasured,
  };
}

const fits = (pod: Placed, room: Room) =>
  pod.cpuMillis <= room.cpuMillis && pod.memoryBytes <= room.memoryBytes && pod.diskBytes <= room.diskBytes;
