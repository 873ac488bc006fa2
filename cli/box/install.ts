import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { slotPartitions } from '../../contract/boot-slots.ts';
import { CpiabError } from '../../contract/errors.ts';
import { installFirmwareKey } from '../../contract/install.ts';
import type { Firmware, Medium } from '../../host/qemu/arguments.ts';
import { type BoxOptions, powerOn } from '../../host/qemu/box.ts';
import type { CliContext } from '../context.ts';
import { attach } from './disks.ts';
import { watchTo } from './wait.ts';

interface InstallOptions extends Pick<BoxOptions, 'seed' | 'card'> {
  /** Absolute path of an ISO. */
  medium: string;
  disk: string | null;
  firmware: Firmware;
  /** MiB. */
  memory: number;
  /** Seconds that the installation may take. */
  timeout: number;
}

/**
 * A disk that a box was installed to: one that is there, else one that the ISO installs itself to now, in a
 * machine that ends where a real one starts again.
 * @param directory for the console's log.
 * @throws CpiabError E1010 without an ISO and a disk, E5003 when the box refuses the disk.
 */
export async function installed(
  options: InstallOptions,
  directory: string,
  context: CliContext,
): Promise<{ medium: Medium; disk: null }> {
  const { disk } = options;
  if (disk === null) throw wrongUse('--install needs --disk, a file that becomes the disk');
  const ready = { medium: { path: disk, format: 'raw', keep: true }, disk: null } as const;
  if (await isInstalled(disk)) return ready;
  const { medium } = await attach(options, context.signal);
  if (medium.format !== 'iso') throw wrongUse(`${options.medium} is no ISO; only that installs itself`);
  const firmwareTexts = { [installFirmwareKey]: 'auto' };
  const machine = { ...options, medium, disk, firmwareTexts, atRestart: 'end' } as const;
  const box = await powerOn({ ...machine, directory: join(directory, 'install') }, context.signal);
  try {
    context.note(`installing to ${disk}, console in ${box.console}`);
    await watchTo('restart', box, { ...options, ...context });
  } finally {
    await box.machine.cut();
  }
  return ready;
}

const wrongUse = (what: string) => new CpiabError('E1010', { subject: 'boot', args: [what, 'cpiab boot'] });

/** Whether a raw disk starts, and has the slots of a box. Source: UEFI Specification 2.10, section 5. */
async function isInstalled(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { buffer } = await file.read({ buffer: Buffer.alloc(34 * 512), position: 0 });
    return buffer.readUInt16LE(510) === 0xaa55 && buffer.includes(slotPartitions.a, 1024, 'utf16le');
  } finally {
    await file.close();
  }
}
