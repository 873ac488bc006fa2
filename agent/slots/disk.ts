import { mkdir, readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  environmentFile,
  loaderPartition,
  otherSlot,
  type SlotName,
  slotFormat,
  slotNames,
  slotPartitions,
} from '../../contract/boot-slots.ts';
import { run } from '../../host/process.ts';
import { type MountedSlot, readChoice, type Slots, writeChoice } from './slots.ts';

/** A partition: its name in the GPT, and its device. */
interface Partition {
  name: string;
  device: string;
}

/** Where the kernel shows mounts and block devices; tests give others. */
export interface KernelPaths {
  mountinfo: string;
  /** Has a link for each block device, by its number. */
  blockDevices: string;
}

export const kernelPaths: KernelPaths = { mountinfo: '/proc/self/mountinfo', blockDevices: '/sys/dev/block' };

/**
 * The slots of the disk that a medium is mounted from; null for an ISO.
 * @param medium where the medium is mounted. @param run directory in memory for mount points.
 */
export async function findSlots(
  medium: string,
  memory: string,
  paths: KernelPaths = kernelPaths,
): Promise<Slots | null> {
  const found = await partitionsBeside(medium, paths);
  const device = (name: string) => found?.all.find((partition) => partition.name === name)?.device;
  const running = slotNames.find((name) => slotPartitions[name] === found?.own);
  if (running === undefined) return null;
  const [loader, other] = [device(loaderPartition), device(slotPartitions[otherSlot(running)])];
  return loader === undefined || other === undefined ? null : diskSlots(running, other, loader, memory);
}

function diskSlots(running: SlotName, other: string, loader: string, memory: string): Slots {
  const slotPoint = join(memory, 'slot');
  const withLoader = async <Result>(options: string, work: (path: string) => Promise<Result>) => {
    const { root, close } = await mount(loader, join(memory, 'loader'), ['-t', 'vfat', '-o', options]);
    return await work(join(root, environmentFile)).finally(close);
  };
  return {
    running,
    choice: () => withLoader('ro', (path) => readChoice(path, running)),
    choose: (choice) => withLoader('rw,sync', (path) => writeChoice(path, choice)),
    emptyOther: async (signal) => {
      await format(other, signal);
      return await mount(other, slotPoint, ['-t', 'ext4', '-o', 'rw,noatime']);
    },
    readOther: () => mount(other, slotPoint, ['-t', 'ext4', '-o', 'ro,noload']),
  };
}

async function format(device: string, signal: AbortSignal): Promise<void> {
  const options = ['-E', 'root_owner=0:0,nodiscard', ...slotFormat];
  await run(['mke2fs', '-q', '-F', ...options, device], { signal });
}

/** What lies at the point already is of an agent that was ended. */
async function mount(device: string, point: string, options: string[]): Promise<MountedSlot> {
  await mkdir(point, { recursive: true });
  await run(['umount', point]).catch(() => {});
  await run(['mount', ...options, device, point]);
  return { root: point, close: async () => void (await run(['umount', point])) };
}

/** The partitions of the disk that something is mounted from, and which of them that is; null when it is none. */
async function partitionsBeside(
  point: string,
  { mountinfo, blockDevices }: KernelPaths,
): Promise<{ own: string; all: Partition[] } | null> {
  const number = deviceAt(await readFile(mountinfo, 'utf8'), point);
  if (number === null) return null;
  const node = await realpath(join(blockDevices, number)).catch(() => null);
  const own = node === null ? null : await partitionOf(node);
  if (node === null || own === null) return null;
  const disk = dirname(node);
  const names = await readdir(disk);
  const all = await Promise.all(names.map((name) => partitionOf(join(disk, name))));
  return { own: own.name, all: all.filter((partition) => partition !== null) };
}

/** `major:minor` of what is mounted at a point. Source: proc_pid_mountinfo(5). */
export function deviceAt(mountinfo: string, point: string): string | null {
  const line = mountinfo.split('\n').find((text) => text.split(' ')[4] === point);
  return line?.split(' ')[2] ?? null;
}

async function partitionOf(node: string): Promise<Partition | null> {
  const text = await readFile(join(node, 'uevent'), 'utf8').catch(() => '');
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];
  const [name, device] = [value('PARTNAME'), value('DEVNAME')];
  return name === undefined || device === undefined ? null : { name, device: `/dev/${device}` };
}
