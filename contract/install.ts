import { z } from 'zod';
import { parseBytes } from './units.ts';

/** What a box does that started from an ISO: installs itself, asks a person for the disk, or runs from the medium. */
export const installModes = ['auto', 'ask', 'never'] as const;
export type InstallMode = (typeof installModes)[number];

/** On the kernel's command line, from the boot menu. */
export const installArgument = 'cpiab.install';
/** Name under which the host of a virtual machine may give a mode through QEMU's firmware configuration. */
export const installFirmwareKey = 'opt/cpiab/install';

/**
 * In the first sector of a disk that is being installed. The last act replaces it by the boot sector, and
 * until then no firmware and no kernel sees a partition: half an installation never starts.
 */
export const installClaim = 'cpiab.dev/v1 installation, not finished';

/** Which disks of a machine fit. */
const DiskRuleSchema = z.strictObject({
  /** Least bytes, such as 100GB. */
  minSize: z
    .string()
    .refine((text) => parseBytes(text) !== null, 'expected a size such as 100GB')
    .optional(),
  /** Part of the model's name, in upper or lower case. */
  model: z.string().min(1, 'expected part of a name').optional(),
  /** The whole serial number. */
  serial: z.string().min(1, 'expected a serial number').optional(),
});

/** How a box comes onto a disk of its machine. */
export const InstallSchema = z.strictObject({
  /**
   * What the first entry of the ISO's boot menu does: `auto` installs to the one disk that fits and is blank,
   * `ask` lets a person choose, `never` runs from the medium. Default `never`; the menu has the others too.
   */
  mode: z.enum(installModes).default('never'),
  /** Which disks of the machine fit. Default every disk that is built in and large enough. */
  disk: DiskRuleSchema.prefault({}),
  /** Serial number of a disk that `auto` may erase, whatever it holds. */
  erase: z.string().min(1, 'expected a serial number').optional(),
});
export type Install = z.infer<typeof InstallSchema>;

/** `POST /v1/install`: an operator's answer to a box that asks for a disk. */
export const InstallRequestSchema = z.strictObject({
  disk: DiskRuleSchema.extend({
    /** Such as `vda`. */
    name: z.string().min(1, 'expected the name of a disk').optional(),
  }),
  /** Whether the disk may hold data, which goes. */
  erase: z.boolean(),
});
export type InstallRequest = z.infer<typeof InstallRequestSchema>;

/** A disk that a box may be installed to. */
export const OfferedDiskSchema = z.strictObject({
  name: z.string(),
  size: z.int().nonnegative(),
  /** Empty where the disk tells none. */
  model: z.string(),
  serial: z.string(),
  /** Whether nothing is on it. */
  free: z.boolean(),
  /** What is on it, for people. */
  content: z.string(),
});
export type OfferedDisk = z.infer<typeof OfferedDiskSchema>;
