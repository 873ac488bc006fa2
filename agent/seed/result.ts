import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InstallSchema } from '../../contract/install.ts';
import { nodeRoles } from '../../contract/join-material.ts';
import { CardSchema } from '../../contract/seed.ts';
import { SeedStatusSchema } from '../../contract/status.ts';

/** What became of this start's seed, for the agent that runs on. */
const SeedResultSchema = z.strictObject({
  /** Null where the box goes by none. */
  status: SeedStatusSchema.nullable(),
  install: InstallSchema.nullable(),
  /** Of a machine that joins a box, null on one that is one. */
  node: z
    .strictObject({
      name: z.string(),
      role: z.enum(nodeRoles),
      invitation: z.string(),
      /** Whether the box's system runs beside another, which the machine started from. */
      guest: z.boolean(),
    })
    .nullable(),
  /** The card that the network belongs to. */
  card: CardSchema.nullable(),
  /** What was wrong with a seed that was found. */
  problem: z.strictObject({ problem: z.string(), nextAction: z.string(), code: z.string() }).nullable(),
});
export type SeedResult = z.infer<typeof SeedResultSchema>;

/** Reads what `applySeed` wrote; none where there was no seed. */
export async function seedResult(path: string): Promise<SeedResult> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return { status: null, install: null, node: null, card: null, problem: null };
  return SeedResultSchema.parse(JSON.parse(text));
}
