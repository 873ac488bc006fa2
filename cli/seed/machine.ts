import { join } from 'node:path';
import type { Card } from '../../host/qemu/arguments.ts';
import { readSeedFile } from './read.ts';
import { writeSeedVolume } from './volume.ts';

/**
 * A virtual machine's part of a seed: a disc with it, and a network card where it says that one is.
 * @param directory for the disc.
 */
export async function seedDisc(
  file: string,
  directory: string,
  signal: AbortSignal,
): Promise<{ seed: string; card: Card }> {
  const { seed, text } = await readSeedFile(file);
  const disc = join(directory, 'seed.iso');
  await writeSeedVolume(text, disc, signal);
  const { interface: named, addresses = [], gateway } = seed.network;
  const address = addresses.find((each) => !each.includes(':'));
  return {
    seed: disc,
    card: {
      ...(named?.mac !== undefined && { mac: named.mac }),
      ...(address !== undefined && { address }),
      ...(address !== undefined && gateway !== undefined && !gateway.includes(':') && { gateway }),
    },
  };
}
