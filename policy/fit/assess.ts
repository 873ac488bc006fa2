import { type AssessedMachine, type Assessment, fitVerdict } from '../../contract/assess.ts';
import { checkAddresses } from './addresses.ts';
import { checkCapacity } from './capacity.ts';
import { checkMachines, checkVersions, refusal } from './machines.ts';
import type { Needs } from './needs.ts';
import type { Machine, Place } from './place.ts';
import { type Placing, place as placeAll } from './placing.ts';
import { checkServices } from './services.ts';

/** Holds what something needs against what a place has. Facts only: what nobody has measured is unknown. */
export function assess(needs: Needs, place: Place): Assessment {
  const usable = place.machines.filter(
    (machine, index) => refusal(machine, index === 0, needs.node) === null,
  );
  const data = needs.data.reduce((sum, { bytes }) => sum + bytes, 0);
  const placing = placeAll(needs.workloads, usable, data);
  const checks = [
    ...checkCapacity(place.kubernetes === null ? needs : { ...needs, node: null }, usable, placing),
    ...checkMachines(needs, place),
    ...checkAddresses(needs, place),
    ...checkServices(needs, place),
    ...checkVersions(needs, place),
  ];
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Assessment',
    subject: needs.subject,
    verdict: fitVerdict(checks),
    checks,
    machines: machinesOf(needs, place, usable, placing),
    unplaced: placing.unplaced,
  };
}

function machinesOf(
  needs: Needs,
  { machines, hosts }: Place,
  usable: readonly Machine[],
  { on }: Placing,
): AssessedMachine[] {
  const own = machines.map((machine, index): AssessedMachine => {
    const { name, addresses, cpus, memoryBytes, diskBytes, kernel } = machine;
    const answers = hosts.filter((host) => host.addresses.some((one) => addresses.includes(one)));
    return {
      ...{ name, role: index === 0 ? 'box' : 'node', addresses: [...addresses] },
      ...{ cpuMillis: cpus === null ? null : cpus * 1000, memoryBytes, diskBytes, kernel },
      services: [...new Set(answers.flatMap(({ services }) => services))],
      refused: refusal(machine, index === 0, needs.node),
      runs: on[usable.indexOf(machine)] ?? [],
    };
  });
  const known = new Set(own.flatMap(({ addresses }) => addresses));
  const others = hosts
    .filter(({ addresses }) => !addresses.some((one) => known.has(one)))
    .map(
      ({ addresses, names, services }): AssessedMachine => ({
        ...{ name: names[0] ?? addresses[0] ?? 'without an address', role: 'seen' },
        ...{ addresses: [...addresses], services: [...services] },
        ...{ cpuMillis: null, memoryBytes: null, diskBytes: null, kernel: null, refused: null, runs: [] },
      }),
    );
  return [...own, ...others];
}
