import { checkYaml } from '../../contract/document/check-yaml.ts';
import { type Seed, SeedSchema, seed } from '../../contract/seed.ts';
import { readTextFile } from '../../host/input-file.ts';

/** Reads a seed that a person wrote. @throws what `readTextFile` and `checkYaml` throw. */
export async function readSeedFile(path: string): Promise<{ seed: Seed; text: string }> {
  const text = await readTextFile(path, { limit: seed.largest });
  return { seed: checkYaml(text, SeedSchema, path).content, text };
}
