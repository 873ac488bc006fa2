import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkYaml } from '../../contract/document/check-yaml.ts';
import { all, wrongValue } from '../../contract/document/mistakes.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type Seed, SeedSchema, seed } from '../../contract/seed.ts';
import { type BoxSite, overlap } from '../../contract/site.ts';
import { readTextFile } from '../../host/input-file.ts';

/** A seed that keeps to its rules, as it was written. */
export interface ReadSeed {
  seed: Seed;
  text: string;
}

/** What `find-seed` left in its directory. */
export interface Found {
  /** For people, such as `volume sdb`. */
  origin: string;
  /** @throws CpiabError for what is no seed: E1310, E1311, and what `readSeed` throws. */
  read(site: BoxSite): Promise<ReadSeed>;
}

/** The seed that this start found; null when there is none. */
export async function findSeed(directory: string): Promise<Found | null> {
  const said = async (name: string) => (await readFile(join(directory, name), 'utf8').catch(() => '')).trim();
  const origin = await said('origin');
  if (origin === '') return null;
  return {
    origin,
    read: async (site) => {
      const several = await said('several');
      if (several !== '') throw new CpiabError('E1310', { subject: 'seed', args: [several] });
      const unreadable = await said('unreadable');
      if (unreadable !== '') throw new CpiabError('E1311', { subject: origin, args: [unreadable] });
      return await readSeed(join(directory, seed.file), site, `${seed.file} (${origin})`);
    },
  };
}

/**
 * Reads a seed and holds it to the site of the box that it is for, where that is known.
 * @param shown the file's name in messages.
 * @throws what `readTextFile` and `checkYaml` throw, with E1014 for an address in one of the box's own networks.
 */
export async function readSeed(path: string, site: BoxSite, shown: string): Promise<ReadSeed> {
  const text = await readTextFile(path, { shown, limit: seed.largest });
  const { content, mistakes } = checkYaml(text, SeedSchema, shown);
  const { podCIDR, serviceCIDR, nodeAddress } = site.network;
  const own = { podCIDR, serviceCIDR, nodeAddress };
  const wrong = (content.network.addresses ?? []).flatMap((address, index) => {
    const inside = Object.values(own).find((taken) => !address.includes(':') && overlap(address, taken));
    if (inside === undefined) return [];
    return [
      wrongValue(['network', 'addresses', index], `an address outside of the box's own ${inside}`, address),
    ];
  });
  if (wrong.length > 0) throw all(mistakes(wrong));
  return { seed: content, text };
}
