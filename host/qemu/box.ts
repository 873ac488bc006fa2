import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConsoleLine, parseConsoleLine } from '../../contract/console.ts';
import { CpiabError } from '../../contract/errors.ts';
import { ports } from '../../contract/layout.ts';
import { CONSOLE_LOG } from '../box-record.ts';
import { detectAccelerator } from './accelerator.ts';
import type { Accelerator, Firmware, MachineSpec, Medium } from './arguments.ts';
import { followLines, freePort, launch, type Machine } from './launch.ts';
import { startTpm } from './tpm.ts';

export interface BoxOptions
  extends Pick<MachineSpec, 'firmwareTexts' | 'atRestart' | 'seed' | 'card' | 'segment'> {
  medium: Medium;
  firmware: Firmware;
  /** MiB. */
  memory: number;
  /** Absolute path of a data disk's raw image; null for none. */
  disk: string | null;
  /** Absolute path of the directory in which a TPM in software keeps its keys; none unless told. */
  tpm?: string | null;
  /** Directory for the console's log and QEMU's own files. */
  directory: string;
}

/** A box in a virtual machine. */
export interface Box {
  machine: Machine;
  accelerator: Accelerator;
  /** `https://127.0.0.1:<port>`. */
  url: string;
  /** Path of the serial console's log. */
  console: string;
  /** The agent's reports, from power-on; ends when QEMU does. @throws CpiabError E5007 the kernel stopped. */
  reports(signal: AbortSignal): AsyncGenerator<ConsoleLine>;
}

/** What Linux says last. */
const PANIC = /Kernel panic - not syncing/;

/** Powers on a box. @throws CpiabError E5002 when QEMU doesn't start. */
export async function powerOn(options: BoxOptions, signal: AbortSignal): Promise<Box> {
  await mkdir(options.directory, { recursive: true });
  const accelerator = await detectAccelerator(signal);
  const apiPort = await freePort();
  const console = join(options.directory, CONSOLE_LOG);
  const tpm = options.tpm ? await startTpm(options.tpm, join(options.directory, 'tpm.sock'), signal) : null;
  const machine = await launch(
    {
      ...options,
      tpm,
      accelerator,
      cpus: 2,
      apiPort,
      serialLog: console,
      firmwareVariables: join(options.directory, 'efi-variables.fd'),
      guestApiPort: ports.api,
    },
    join(options.directory, 'qemu.log'),
  ).catch((cause: unknown) => {
    throw new CpiabError('E5002', { subject: 'qemu-system-x86_64', args: ['none', String(cause)], cause });
  });
  return {
    machine,
    accelerator,
    url: `https://127.0.0.1:${apiPort}`,
    console,
    reports: (abort) => reportsOf(console, machine, abort),
  };
}

async function* reportsOf(
  console: string,
  machine: Machine,
  signal: AbortSignal,
): AsyncGenerator<ConsoleLine> {
  for await (const line of followLines(console, signal, () => machine.ended())) {
    const report = parseConsoleLine(line);
    if (report !== null) yield report;
    // Nothing comes after it, and the machine stays on.
    if (PANIC.test(line))
      throw new CpiabError('E5007', { subject: 'the virtual machine', args: [line.trim(), console] });
  }
}
