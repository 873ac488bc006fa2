import type { BoxStatus } from '../../contract/status.ts';
import { formatBytes, formatDuration } from '../../contract/units.ts';
import { table } from '../table.ts';

/** The boot sequence as a table of steps and times since power-on. */
export function timelineTable({ steps }: Pick<BoxStatus, 'steps'>): string {
  const time = (milliseconds: number | null) => (milliseconds === null ? '' : formatDuration(milliseconds));
  const rows = steps.map(({ name, state, startedMs, tookMs, detail }) => [
    name,
    state,
    time(startedMs),
    time(tookMs),
    detail,
  ]);
  return table([['step', 'state', 'at', 'took', 'detail'], ...rows]);
}

const firmwareNames: Record<BoxStatus['box']['firmware'], string> = {
  bios: 'BIOS',
  uefi: 'UEFI',
  'secure-boot': 'UEFI with Secure Boot',
};

/** A box's state for people: what is wrong and what to do come first. */
export function statusText(status: BoxStatus): string {
  const { box, phase, problem, nextAction, git, flux, nodes, egress, images, memory } = status;
  const short = (commit: string | null) => commit?.slice(0, 12) ?? 'none';
  const blocking = flux.blocking.map(({ object, reason }) => `  ${object}: ${reason}`);
  return [
    `${box.site}: ${phase}`,
    ...(problem === null ? [] : [`problem: ${problem}`]),
    ...(nextAction === null ? [] : [`next: ${nextAction}`]),
    `box ${box.id}, version ${box.version}, sequence ${box.sequence}, state on ${box.state}, started by ${firmwareNames[box.firmware]}`,
    `fingerprint ${box.fingerprint}`,
    `git ${short(git.head)}, applied ${short(git.applied)}; Flux ${flux.ready} of ${flux.total} ready`,
    ...blocking,
    `nodes: ${nodes.map(({ name, ready }) => `${name} ${ready ? 'Ready' : 'not ready'}`).join(', ') || 'none yet'}`,
    `images: ${images.running} running, not in the bundle: ${images.notInBundle.join(', ') || 'none'}`,
    `egress denied: ${egress.denied}; memory ${formatBytes(memory.used)} of ${formatBytes(memory.total)}`,
  ].join('\n');
}
