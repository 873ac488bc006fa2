import { open, readFile } from 'node:fs/promises';
import {
  type BootChoice,
  formatEnvironment,
  parseEnvironment,
  type SlotName,
  settled,
} from '../../contract/boot-slots.ts';

/** A slot's file system, mounted. */
export interface MountedSlot {
  root: string;
  /** Lets go of it; all that was written is on the disk then. */
  close(): Promise<void>;
}

/** The disk that a box runs from, as updates need it; tests give directories. */
export interface Slots {
  /** The slot that the box was started from. */
  readonly running: SlotName;
  choice(): Promise<BootChoice>;
  /** Says which slot GRUB starts, by one write that a power cut leaves done or undone. */
  choose(choice: BootChoice): Promise<void>;
  /** The other slot, emptied for a new version. */
  emptyOther(signal: AbortSignal): Promise<MountedSlot>;
  /** The other slot, to be read. */
  readOther(signal: AbortSignal): Promise<MountedSlot>;
}

/** Reads GRUB's environment. A damaged block says nothing, and the slot that runs works. */
export async function readChoice(path: string, running: SlotName): Promise<BootChoice> {
  return parseEnvironment(await readFile(path, 'latin1')) ?? settled(running);
}

/**
 * Overwrites GRUB's environment where it lies: GRUB itself keeps its sectors' addresses, and a rename is
 * not atomic on FAT.
 */
export async function writeChoice(path: string, choice: BootChoice): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(formatEnvironment(choice), 0, 'latin1');
    await file.sync();
  } finally {
    await file.close();
  }
}
