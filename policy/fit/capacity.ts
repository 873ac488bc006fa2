import type { FitCheck } from '../../contract/assess.ts';
import { formatBytes } from '../../contract/units.ts';
import { listed } from './addresses.ts';
import { checkIn } from './check.ts';
import type { Needs, Workload } from './needs.ts';
import type { Machine } from './place.ts';
import type { Placing } from './placing.ts';

const check = checkIn('capacity');

/** Amounts, each in its own unit. */
interface Resource {
  id: string;
  what: string;
  of: (machine: Machine) => number | null;
  asked: (workload: Workload) => number;
  text: (amount: number) => string;
}

export const formatCpu = (millis: number): string => `${Number((millis / 1000).toFixed(2))} CPU`;

const resources: readonly Resource[] = [
  {
    ...{ id: 'cpu', what: 'processor', text: formatCpu },
    of: ({ cpus }) => (cpus === null ? null : cpus * 1000),
    asked: ({ cpuMillis }) => cpuMillis,
  },
  {
    ...{ id: 'memory', what: 'memory', text: formatBytes },
    of: ({ memoryBytes }) => memoryBytes,
    asked: ({ memoryBytes }) => memoryBytes,
  },
  {
    ...{ id: 'disk', what: 'disk', text: formatBytes },
    of: ({ diskBytes }) => diskBytes,
    asked: ({ diskBytes }) => diskBytes,
  },
];

/** @param machines that can be nodes, the first of them the box. */
export function checkCapacity(needs: Needs, machines: readonly Machine[], placing: Placing): FitCheck[] {
  const [box] = machines;
  return [
    ...(box === undefined || needs.node === null ? [] : boxChecks(box, needs.node)),
    ...resources.map((resource) => amount(resource, needs, machines)),
    ...(machines.length === 0 ? [] : [room(placing)]),
    ...needs.uncounted.map((what, index) =>
      check(`uncounted/${index + 1}`, 'unknown', {
        ...{ what, needed: 'counted', found: 'not counted', required: false },
      }),
    ),
  ];
}

function amount(
  { id, what, of, asked, text }: Resource,
  needs: Needs,
  machines: readonly Machine[],
): FitCheck {
  const each = needs.workloads.map((one) => asked(one) * (one.instances ?? machines.length));
  const data = id === 'disk' ? needs.data : [];
  const total = [...each, ...data.map(({ bytes }) => bytes)].reduce((sum, one) => sum + one, 0);
  const known = machines.map(of).filter((one) => one !== null);
  const sum = known.reduce((a, b) => a + b, 0);
  const unmeasured = machines.length - known.length;
  const parts = data.map((one) => `, ${text(one.bytes)} of it ${one.what}`);
  const about = { what, needed: `${text(total)}${parts.join('')}` };
  const more = unmeasured === 0 ? '' : `; of ${unmeasured} not measured`;
  if (sum >= total && known.length > 0)
    return check(id, 'pass', { ...about, found: `${text(sum)} on ${counted(known.length)}${more}` });
  if (unmeasured > 0 || machines.length === 0)
    return check(id, 'unknown', {
      ...about,
      found: known.length === 0 ? 'not measured' : `${text(sum)}${more}`,
    });
  return check(id, 'fail', { ...about, found: `${text(sum)} on ${counted(known.length)}` });
}

const counted = (machines: number) => (machines === 1 ? '1 machine' : `${machines} machines`);

function boxChecks(box: Machine, { boxMemoryBytes, boxCpus }: NonNullable<Needs['node']>): FitCheck[] {
  const { name, memoryBytes, cpus } = box;
  const cpuMillis = cpus === null ? null : cpus * 1000;
  return [
    atLeast('box-memory', `memory of ${name}, the box`, memoryBytes, boxMemoryBytes, formatBytes),
    atLeast('box-cpu', `processors of ${name}, the box`, cpuMillis, boxCpus * 1000, formatCpu),
  ];
}

function atLeast(
  id: string,
  what: string,
  is: number | null,
  least: number,
  text: (amount: number) => string,
): FitCheck {
  const about = { what, needed: text(least) };
  if (is === null) return check(id, 'unknown', { ...about, found: 'not measured' });
  return check(id, is >= least ? 'pass' : 'fail', { ...about, found: text(is) });
}

/** The sums may be enough, and yet no machine have room for the largest pod. */
function room({ on, unplaced, proven }: Placing): FitCheck {
  const pods = on.flat().length + unplaced.length;
  const about = { what: 'room for each pod', needed: pods === 1 ? '1 pod' : `${pods} pods` };
  if (proven) return check('room', 'pass', { ...about, found: 'all have a machine' });
  if (unplaced.length === 0)
    return check('room', 'unknown', { ...about, found: 'only if machines have what nobody has measured' });
  const names = [...new Set(unplaced.map(({ workload }) => workload))];
  return check('room', 'fail', { ...about, found: `no machine for ${listed(names)}` });
}
