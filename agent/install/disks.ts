import { z } from 'zod';
import { run } from '../../host/process.ts';

/** A disk of this machine, or of a test a file. */
export interface Disk {
  path: string;
  /** Bytes. */
  size: number;
  /** Empty where the disk tells none. */
  model: string;
  serial: string;
  /** Why it is none to install to, whatever it holds; null when it may be. */
  unfit: string | null;
}

const Text = z
  .string()
  .nullable()
  .transform((text) => text?.trim() ?? '');
const Mounts = z.array(z.string().nullable());
/** Columns of lsblk(8), as JSON. */
const DeviceSchema = z.object({
  path: z.string(),
  type: z.string(),
  size: z.number(),
  model: Text,
  serial: Text,
  ro: z.boolean(),
  rm: z.boolean(),
  tran: z.string().nullable(),
  'log-sec': z.number(),
  mountpoints: Mounts,
  children: z.array(z.object({ mountpoints: Mounts })).default([]),
});
const ListSchema = z.object({ blockdevices: z.array(DeviceSchema) });
type Device = z.infer<typeof DeviceSchema>;

const COLUMNS = Object.keys(DeviceSchema.shape).filter((name) => name !== 'children');
const SECTOR = 512;

/** Every disk of this machine. */
export async function listDisks(signal: AbortSignal): Promise<Disk[]> {
  const argv = ['lsblk', '--json', '--bytes', '--tree', '--output', COLUMNS.join(',').toUpperCase()];
  const { stdout } = await run(argv, { signal });
  return parseDisks(stdout);
}

/** @param json what lsblk prints. */
export function parseDisks(json: string): Disk[] {
  return ListSchema.parse(JSON.parse(json))
    .blockdevices.filter(({ type, size, path }) => type === 'disk' && size > 0 && !isMemory(path))
    .map((device) => {
      const { path, size, model, serial } = device;
      return { path, size, model, serial, unfit: whyUnfit(device) };
    });
}

const isMemory = (path: string) => /^\/dev\/(?:ram|zram|nbd|fd)\d/.test(path);

/** What hangs on USB is somebody's, the medium among it. */
function whyUnfit({ ro, rm, tran, mountpoints, children, ...device }: Device): string | null {
  if ([mountpoints, ...children.map((child) => child.mountpoints)].flat().some((mount) => mount !== null))
    return 'in use';
  if (rm || tran === 'usb') return 'removable';
  if (ro) return 'read-only';
  // The table and both boot loaders count in sectors of 512 bytes.
  return device['log-sec'] === SECTOR ? null : `of sectors of ${device['log-sec']} bytes`;
}
