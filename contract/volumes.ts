import { chunkBytes } from './chunk-index.ts';

/**
 * Volumes: a medium cut into files that follow one another, for carriers that are too small for it. Each is a
 * run of whole chunks, as even as can be, so that number and count alone say which: there is no table of ranges
 * that could overlap or leave a hole.
 */
export interface Volume {
  /** From 1. */
  number: number;
  /** How many the medium was split into. */
  of: number;
}

/** Chunks that follow one another. */
export interface Span {
  /** From 0. */
  first: number;
  count: number;
}

/** Largest file on FAT32, in bytes: its size field has 32 bits. Source: Microsoft FAT specification, section 6. */
export const fatLimit = 2 ** 32 - 1;
/** Names have three digits. */
const mostVolumes = 999;

/** Such as `cpiab-lab.iso.002-of-003`: in the order of their names, `cat` puts them together. */
export function volumeName(medium: string, { number, of }: Volume): string {
  return `${medium}.${digits(number)}-of-${digits(of)}`;
}

/** What a file of this name is a volume of, or null when it is not named like one. */
export function parseVolumeName(name: string): (Volume & { medium: string }) | null {
  const { medium, number, of } = /^(?<medium>.+)\.(?<number>\d{3})-of-(?<of>\d{3})$/.exec(name)?.groups ?? {};
  if (medium === undefined) return null;
  return { medium, number: Number(number), of: Number(of) };
}

/** How many volumes of at most so many bytes a medium of so many chunks needs, or null when names can't count them. */
export function volumesFor(chunks: number, limit: number): number | null {
  const each = Math.floor(limit / chunkBytes);
  if (each < 1) return null;
  const even = Math.ceil(chunks / Math.ceil(chunks / each));
  const of = Math.ceil(chunks / even);
  return of > mostVolumes ? null : of;
}

/** The chunks that a volume holds, or null for a volume that a medium of so many chunks has not. */
export function spanOf({ number, of }: Volume, chunks: number): Span | null {
  const each = Math.ceil(chunks / of);
  const first = (number - 1) * each;
  const isWhole = number >= 1 && number <= of && (of - 1) * each < chunks;
  return isWhole ? { first, count: Math.min(each, chunks - first) } : null;
}

/** Every volume of a medium split in so many. */
export function volumesOf(of: number): Volume[] {
  return Array.from({ length: of }, (_, index) => ({ number: index + 1, of }));
}

const FOLDER = '.volumes';

/** Directory beside a medium where a build puts its volumes. */
export const volumesFolder = (medium: string) => `${medium}${FOLDER}`;

/** The medium whose volumes a directory of this name holds, or null for another name. */
export const mediumOfFolder = (name: string) =>
  name.endsWith(FOLDER) ? name.slice(0, -FOLDER.length) : null;

const digits = (value: number) => String(value).padStart(3, '0');
