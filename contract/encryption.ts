import { z } from 'zod';
import { seed } from './seed.ts';

/** What opens the state of a box: nothing need, the machine's TPM 2.0, or a person or seed with a passphrase. */
export const encryptions = ['none', 'tpm2', 'passphrase'] as const;
export const EncryptionSchema = z.enum(encryptions);
export type Encryption = z.infer<typeof EncryptionSchema>;

/** In the last block of what a box, its image or its installation has set aside for a state that is not made yet. */
export const dataClaim = 'cpiab.dev/v1 data disk, not yet formatted';
const BLOCK = 4096;
/** Blocks before the claim, for a seed: the largest fits, and a zero after it. */
const SEED_BLOCKS = Math.floor(seed.largest / BLOCK) + 1;

/**
 * The last bytes of a data partition that its box shall encrypt at the first start: only there is the TPM as it will
 * be, and only there a person. `images/os/files/usr/lib/cpiab/claim` reads them.
 * @param text the seed that the box goes by; empty for none.
 */
export function claimedEnd(text = ''): Buffer {
  const end = Buffer.alloc((SEED_BLOCKS + 1) * BLOCK);
  end.write(text);
  end.fill(0, SEED_BLOCKS * BLOCK);
  end.write(dataClaim, SEED_BLOCKS * BLOCK);
  return end;
}

const openers: Record<Encryption, string> = {
  none: 'not encrypted',
  tpm2: 'encrypted, opened by the TPM',
  passphrase: 'encrypted, opened by a passphrase',
};

/** Where a box's state lies, for people. */
export function describeState({
  state,
  encryption,
}: {
  state: 'disk' | 'memory';
  encryption: Encryption;
}): string {
  return state === 'disk' ? `on disk, ${openers[encryption]}` : 'in memory, lost at power-off';
}
