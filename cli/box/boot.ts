import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { BoxStatus, Step } from '../../contract/status.ts';
import { keepBoxRecord, machinesFolder } from '../../host/box-record.ts';
import { cacheRoot } from '../../host/cache.ts';
import { ensureDirectory } from '../../host/files.ts';
import { detectAccelerator } from '../../host/qemu/accelerator.ts';
import type { Firmware } from '../../host/qemu/arguments.ts';
import { type Box, powerOn } from '../../host/qemu/box.ts';
import type { CliContext } from '../context.ts';
import { seedDisc } from '../seed/machine.ts';
import { type BoxAddress, fetchStatus } from './client.ts';
import { attach } from './disks.ts';
import { installed } from './install.ts';
import { type Milestone, waitFor, watch } from './wait.ts';

export interface BootOptions {
  /** Absolute path of an ISO or disk image. */
  medium: string;
  firmware: Firmware;
  /** MiB. */
  memory: number;
  /** Absolute path of the image that keeps what the box writes, made when it isn't there; null for none. */
  disk: string | null;
  /** Absolute path of the directory in which the machine's TPM keeps its keys; null for none. */
  tpm: string | null;
  /** Path of the machine's seed, YAML; null for none. */
  seed: string | null;
  /** Whether the box installs itself to the disk first, and is started from that. */
  install: boolean;
  until: Milestone;
  /** Seconds until the milestone must be reached. */
  timeout: number;
  /** Whether the machine outlives this process. */
  keep: boolean;
}

/** `cpiab boot --json`. */
export interface BootReport {
  apiVersion: 'cpiab.dev/v1';
  kind: 'BootReport';
  /** QEMU's process; null once it has ended. */
  pid: number | null;
  url: string;
  /** SHA-256 of the API's key (SPKI), hexadecimal. */
  fingerprint: string;
  disk: string | null;
  accelerator: 'kvm' | 'tcg';
  /** Path of the serial console's log. */
  console: string;
  timeline: Step[];
  /** The box's state when it had come as far as was wanted. */
  status: BoxStatus;
}

/** Boots of an emulated machine whose processor failed. */
const TRIES = 3;
/** Questions, a second apart, until the API must answer. */
const ANSWER_TRIES = 60;

/**
 * Boots a medium in a virtual machine and follows it to the milestone; then leaves the machine, ends it,
 * or, when no more was waited for than that it serves, stays with it until it ends.
 * An emulated one whose kernel stopped is booted again: QEMU before 8.1 may run code that the kernel is
 * just changing, about once in twenty boots.
 */
export async function boot(
  options: BootOptions,
  context: CliContext,
  onReport: (report: BootReport) => void,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await bootOnce(options, context, onReport);
    } catch (error) {
      const again = error instanceof CpiabError && error.code === 'E5007' && tries < TRIES;
      if (!again || (await detectAccelerator(context.signal)) === 'kvm') throw error;
      context.note(`${error.message}; booting again`);
    }
  }
}

async function bootOnce(
  options: BootOptions,
  context: CliContext,
  onReport: (report: BootReport) => void,
): Promise<void> {
  const { signal, progress, note } = context;
  const directory = await mkdtemp(join(await ensureDirectory(machinesFolder(cacheRoot())), 'box-'));
  const seeded = options.seed === null ? { seed: null } : await seedDisc(options.seed, directory, signal);
  const disks = await (options.install
    ? installed({ ...options, ...seeded }, directory, context)
    : attach(options, signal));
  const box = await powerOn({ ...options, ...seeded, ...disks, directory }, signal);
  let kept = false;
  try {
    note(`box: ${box.url} (${box.accelerator}), console in ${box.console}`);
    const report = await waitFor(box, { ...options, signal, progress });
    const fingerprint = report.fingerprint ?? '';
    await remember(box, options, fingerprint);
    const address = { url: new URL(box.url), fingerprint };
    const status = await answer(address, signal);
    kept = options.keep;
    if (kept) box.machine.release();
    onReport(describe(box, options, fingerprint, status));
    if (!kept && options.until === 'served') await watch(box, context);
  } finally {
    if (!kept) await box.machine.cut();
  }
}

/** A box that is emulated beside other work may answer late: that it has come so far was told on its console. */
async function answer(address: BoxAddress, signal: AbortSignal): Promise<BoxStatus> {
  for (let tries = 1; ; tries++) {
    try {
      return await fetchStatus(address);
    } catch (error) {
      if (tries >= ANSWER_TRIES) throw error;
    }
    await sleep(1000, undefined, { signal });
  }
}

async function remember(box: Box, { disk, medium }: BootOptions, fingerprint: string): Promise<void> {
  const { url, console, machine } = box;
  const record = { url, fingerprint, site: medium, pid: machine.pid, disk, console, started: Date.now() };
  await keepBoxRecord(cacheRoot(), record);
}

function describe(box: Box, options: BootOptions, fingerprint: string, status: BoxStatus): BootReport {
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'BootReport',
    pid: options.keep || options.until === 'served' ? box.machine.pid : null,
    url: box.url,
    fingerprint,
    disk: options.disk,
    accelerator: box.accelerator,
    console: box.console,
    timeline: status.steps,
    status,
  };
}
