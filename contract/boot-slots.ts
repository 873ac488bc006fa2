/** The two places of a disk that hold a version each. */
export const slotNames = ['a', 'b'] as const;
export type SlotName = (typeof slotNames)[number];

/** Names of the partitions, in the GPT; the kernel shows them as PARTNAME. */
export const slotPartitions: Record<SlotName, string> = { a: 'cpiab-slot-a', b: 'cpiab-slot-b' };
/** The partition with GRUB's configuration and environment. */
export const loaderPartition = 'cpiab-esp';
/** Path of GRUB's environment block there. */
export const environmentFile = 'boot/grub/grubenv';

/**
 * What a slot is formatted with: features that GRUB 2.12 and the box's kernel both know. A slot is written
 * once, so it needs no journal.
 */
export const slotFormat = [
  ...['-t', 'ext4', '-b', '4096', '-m', '0'],
  ...['-O', '^has_journal,^metadata_csum_seed,^orphan_file,^resize_inode'],
] as const;

/** Starts that a new version gets at most. */
export const mostTries = 3;

/** What GRUB and the box tell each other: which slot to start. */
export interface BootChoice {
  /** The slot that is known to work. */
  slot: SlotName;
  /** The slot with a version that still has to show that it works, or null. */
  trial: SlotName | null;
  /** Starts that it has left; GRUB takes one off before each. */
  tries: number;
}

/** How the slot that runs stands to the choice. */
export type Standing =
  /** It runs because it is the one that works. */
  | 'settled'
  /** The other slot's turn comes with the next start. */
  | 'switching'
  /** It is the one on trial. */
  | 'trial'
  /** The other one was on trial and had all its tries. */
  | 'fallen-back';

export function standing({ trial, tries }: BootChoice, running: SlotName): Standing {
  if (trial === null) return 'settled';
  if (trial === running) return 'trial';
  return tries > 0 ? 'switching' : 'fallen-back';
}

export const otherSlot = (slot: SlotName): SlotName => (slot === 'a' ? 'b' : 'a');

/** Gives the other slot its tries. */
export const onTrial = (running: SlotName, tries: number): BootChoice => ({
  slot: running,
  trial: otherSlot(running),
  tries,
});

/** Nothing is on trial: this slot is started from now on. */
export const settled = (slot: SlotName): BootChoice => ({ slot, trial: null, tries: 0 });

/** Bytes of an environment block. Source: GNU GRUB manual, "The GRUB environment block". */
const SIZE = 1024;
const HEADER = '# GRUB Environment Block\n';

/**
 * The environment block as GRUB and grub-editenv have it. All that varies lies in its first sector of
 * 512 bytes, so that a disk writes it whole or not at all.
 */
export function formatEnvironment({ slot, trial, tries }: BootChoice): string {
  return `${HEADER}slot=${slot}\ntrial=${trial ?? ''}\ntries=${tries}\n`.padEnd(SIZE, '#');
}

/** @returns null for a block that isn't one, or says what nobody can follow. */
export function parseEnvironment(text: string): BootChoice | null {
  if (text.length !== SIZE || !text.startsWith(HEADER)) return null;
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
  const slot = slotNamed(value('slot'));
  const tries = Number(value('tries') || '0');
  if (slot === null || !Number.isInteger(tries) || tries < 0 || tries > mostTries) return null;
  return { slot, trial: slotNamed(value('trial')), tries };
}

const slotNamed = (text: string | undefined) => slotNames.find((name) => name === text) ?? null;
