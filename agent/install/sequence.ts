import { readFile } from 'node:fs/promises';
import { type InstallMode, installModes } from '../../contract/install.ts';
import type { Step } from '../step.ts';
import { Installer, type Machine } from './installer.ts';

/** An installation, in order, instead of the boot. Only its last step makes the disk one that starts. */
export function installSequence(machine: Machine, mode: Exclude<InstallMode, 'never'>): readonly Step[] {
  const installer = new Installer(machine, mode);
  return [
    { name: 'choose', does: 'choose the disk', run: (...given) => installer.choose(...given) },
    { name: 'partition', does: 'prepare it', run: (...given) => installer.partition(...given) },
    { name: 'copy', does: 'copy the medium', run: (...given) => installer.copy(...given) },
    { name: 'verify', does: 'read back what was written', run: (...given) => installer.verify(...given) },
    { name: 'restart', does: 'start from the disk', run: (...given) => installer.restart(...given) },
  ];
}

/**
 * What this start does about installing. `auto` leaves alone a machine that has the state of a box on a disk:
 * started from its medium again, it goes on as the box that it is.
 * @param path of the mode that the data unit found; none on a box that started from a disk.
 */
export async function installMode(path: string, state: 'disk' | 'memory'): Promise<InstallMode> {
  const text = await readFile(path, 'utf8').catch(() => 'never');
  const mode = installModes.find((known) => known === text.trim()) ?? 'never';
  return mode === 'auto' && state === 'disk' ? 'never' : mode;
}
