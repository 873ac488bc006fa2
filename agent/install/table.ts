import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sfdiskScript } from '../../contract/disk-layout.ts';
import { run } from '../../host/process.ts';
import type { Target } from './target.ts';

const SECTOR = 512;
/** A header and 128 entries of 128 bytes, at each end of the disk. Source: UEFI Specification 2.10, section 5.3. */
const TABLE = 33 * SECTOR;

/** The parts of a GPT: its two copies, and the first sector, without which nobody sees them. */
interface Table {
  first: Buffer;
  front: Buffer;
  back: Buffer;
}

/** Lets sfdisk(8) write a table for the target, to an empty file of the same size. */
async function makeTable({ disk, layout }: Target, scratch: string, signal: AbortSignal): Promise<Table> {
  const directory = await mkdtemp(join(scratch, 'table-'));
  const path = join(directory, 'disk');
  try {
    await writeFile(path, '');
    await truncate(path, disk.size);
    await run(['sfdisk', '--quiet', path], { input: sfdiskScript(layout), signal });
    return await readTable(path, disk.size);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readTable(path: string, size: number): Promise<Table> {
  const file = await open(path);
  const read = async (position: number, length: number) =>
    (await file.read({ buffer: Buffer.alloc(length), position })).buffer;
  try {
    return {
      first: await read(0, SECTOR),
      front: await read(SECTOR, TABLE),
      back: await read(size - TABLE, TABLE),
    };
  } finally {
    await file.close();
  }
}

/**
 * Writes both copies of a target's partition table.
 * @param scratch directory in memory.
 * @returns what belongs into the first sector, which is left as it is.
 */
export async function writeTable(target: Target, scratch: string, signal: AbortSignal): Promise<Buffer> {
  const { first, front, back } = await makeTable(target, scratch, signal);
  const file = await open(target.disk.path, 'r+');
  try {
    await file.write(front, 0, TABLE, SECTOR);
    await file.write(back, 0, TABLE, target.disk.size - TABLE);
    await file.sync();
  } finally {
    await file.close();
  }
  return first;
}

/**
 * Writes the first sector. A disk writes a sector whole or not at all, so with it everything is there, or
 * nothing: the code that a BIOS starts, and the mark by which firmware and kernel see the partitions.
 */
export async function writeFirstSector(path: string, sector: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(sector, 0, SECTOR, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The protective MBR with boot code in front of its table. */
export function startSector(protective: Buffer, code: Buffer): Buffer {
  return Buffer.concat([code, protective.subarray(code.length)]);
}
