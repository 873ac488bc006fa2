import { loaderPartition, slotPartitions } from './boot-slots.ts';

const MIB = 2 ** 20;
const SECTOR = 512;
/** Partitions begin at multiples of this, as flash and RAID want it. */
const ALIGNMENT = MIB;

/** Partition types. Source: UEFI Specification 2.10, section 5.3.3; the Discoverable Partitions Specification; GNU GRUB manual, "BIOS installation". */
const types = {
  bios: '21686148-6449-6E6F-744E-656564454649',
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
} as const;

/** A partition of a disk image; bytes. */
export interface Partition {
  name: string;
  type: string;
  /** Of the partition, and of the file system in it. */
  uuid: string;
  start: number;
  size: number;
}

export interface DiskLayout {
  uuid: string;
  partitions: Record<PartitionName, Partition>;
  /** Bytes of the whole image. */
  size: number;
}

const order = ['bios', 'esp', 'slotA', 'slotB', 'data'] as const;
export type PartitionName = (typeof order)[number];

const names: Record<PartitionName, string> = {
  bios: 'cpiab-bios',
  esp: loaderPartition,
  slotA: slotPartitions.a,
  slotB: slotPartitions.b,
  data: 'cpiab-data',
};

/**
 * Where everything lies on a disk: the loader for BIOS, the EFI system partition, two slots of one size,
 * and last the data, which a box extends to the end of its disk.
 * @param uuidOf gives the identifier of a part: the same again for an image, made up for an installed disk.
 * @param content bytes of the files in a slot. A slot has room for twice as many, for the versions to come.
 * @param data bytes of the data partition in the image.
 */
export function diskLayout(uuidOf: (part: string) => string, content: number, data: number): DiskLayout {
  const slot = roundUp(content * 2, 256 * MIB);
  const sizes: Record<PartitionName, number> = {
    bios: MIB,
    esp: 64 * MIB,
    slotA: slot,
    slotB: slot,
    data: roundUp(data, ALIGNMENT),
  };
  let start = ALIGNMENT;
  const partitions = {} as DiskLayout['partitions'];
  for (const name of order) {
    const type = name === 'bios' || name === 'esp' ? types[name] : types.linux;
    partitions[name] = { name: names[name], type, uuid: uuidOf(name), start, size: sizes[name] };
    start += sizes[name];
  }
  // The second copy of the table lies at the end.
  return { uuid: uuidOf('disk'), partitions, size: start + ALIGNMENT };
}

/** The layout as sfdisk(8) reads it. */
export function sfdiskScript({ uuid, partitions }: DiskLayout): string {
  const lines = order.map((key) => {
    const { name, type, uuid: own, start, size } = partitions[key];
    return `start=${start / SECTOR}, size=${size / SECTOR}, type=${type}, uuid=${own}, name="${name}"`;
  });
  return ['label: gpt', `label-id: ${uuid}`, 'unit: sectors', ...lines, ''].join('\n');
}

const roundUp = (value: number, unit: number) => Math.ceil(value / unit) * unit;
