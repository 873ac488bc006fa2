import { cgroupControllers, type FitCheck, kernelParts } from '../../contract/assess.ts';
import { mayGo } from '../../contract/engine-skew.ts';
import { checkIn } from './check.ts';
import type { Needs } from './needs.ts';
import type { Machine, Place } from './place.ts';

const check = checkIn('machines');

/** Why a machine can't be a node of the box; null when nothing speaks against it. The first takes the box's own system. */
export function refusal(
  { architecture, facts }: Machine,
  isBox: boolean,
  node: Needs['node'],
): string | null {
  if (node === null) return null;
  if (architecture !== null && architecture !== node.architecture)
    return `its processor is ${architecture}, the bundle is for ${node.architecture}`;
  return isBox || facts === null ? null : guestRefusal(facts);
}

/** The same that a machine looks at before it joins: agent/files/usr/lib/cpiab/guest/join. */
function guestRefusal({ cgroup, controllers, kernelHas, runtimes }: NonNullable<Machine['facts']>) {
  const lacks = [
    ...(cgroup === 'cgroup2fs' ? [] : ['cgroup v2 alone']),
    ...cgroupControllers
      .filter((name) => cgroup === 'cgroup2fs' && !controllers.includes(name))
      .map((name) => `cgroup controller ${name}`),
    ...kernelParts.filter((name) => !kernelHas.includes(name)),
  ];
  if (lacks.length > 0) return `its kernel lacks ${lacks.join(', ')}`;
  return runtimes.length === 0 ? null : `it runs ${runtimes.join(', ')} already`;
}

export function checkMachines({ node }: Needs, { machines }: Place): FitCheck[] {
  if (node === null) return [];
  return machines.map((machine, index) => {
    const isBox = index === 0;
    const [result, found] = judged(machine, isBox, node);
    const needed = `${node.architecture}, ${isBox ? 'boots the box' : 'can join the box'}`;
    // Without a machine that is no node there may be room all the same.
    return check(machine.name, result, { what: machine.name, needed, found, required: isBox });
  });
}

function judged(machine: Machine, isBox: boolean, node: Needs['node']): [FitCheck['result'], string] {
  const why = refusal(machine, isBox, node);
  if (why !== null) return [isBox ? 'fail' : 'remark', why];
  const { architecture, facts } = machine;
  const kernel = machine.kernel === null ? '' : `, kernel ${machine.kernel}`;
  if (isBox) return architecture === null ? ['unknown', 'not measured'] : ['pass', architecture];
  if (facts === null) return ['unknown', `runtimes and cgroups not measured${kernel}`];
  return facts.clock === 'not-synchronised'
    ? ['remark', `${architecture}, its clock is not kept by NTP`]
    : ['pass', `${architecture}${kernel}`];
}

/** Objects go up a minor version, and never back. Source: Kubernetes, "Version Skew Policy". */
export function checkVersions({ kubernetes }: Needs, place: Place): FitCheck[] {
  if (kubernetes === null || place.kubernetes === null) return [];
  const version = checkIn('versions');
  const good = mayGo(kubernetes, place.kubernetes);
  return [
    version('kubernetes', good ? 'pass' : 'fail', {
      what: 'Kubernetes of the box there',
      needed: `${kubernetes}, or up to one minor version newer`,
      found: place.kubernetes,
    }),
  ];
}
