import { randomUUID } from 'node:crypto';
import { type DiskLayout, diskLayout } from '../../contract/disk-layout.ts';
import type { Manifest } from '../../contract/manifest.ts';
import type { Disk } from './disks.ts';

const MIB = 2 ** 20;

/** The disk that a box installs itself to, and where everything lies on it. */
export interface Target {
  disk: Pick<Disk, 'path' | 'size'>;
  layout: DiskLayout;
}

/** Bytes of what a manifest lists, as a slot holds it. */
const contentSize = ({ blobs }: Manifest) => blobs.reduce((sum, { size }) => sum + size, 0);

/** Least bytes of a disk for a bundle. @param data least bytes of the data partition. */
export function leastSize(manifest: Manifest, data: number): number {
  return diskLayout(() => '', contentSize(manifest), data).size;
}

/**
 * The layout of one disk: that of an image of the bundle, with a data partition up to the disk's end, and
 * identifiers of its own, as two disks installed from one medium may meet in one machine.
 */
export function targetOf(disk: Target['disk'], manifest: Manifest, data: number): Target {
  const layout = diskLayout(() => randomUUID().toUpperCase(), contentSize(manifest), data);
  const { partitions, size } = layout;
  const more = Math.floor((disk.size - size) / MIB) * MIB;
  return {
    disk,
    layout: {
      ...layout,
      partitions: { ...partitions, data: { ...partitions.data, size: partitions.data.size + more } },
      size: disk.size,
    },
  };
}
