import { readFile } from 'node:fs/promises';
import { type Expansion, ExpansionSchema } from '../../contract/expand.ts';
import { writeAtomic } from '../../host/files.ts';

/** The expansion that was approved last; null where there is none, or none that this version can read. */
export async function keptExpansion(file: string): Promise<Expansion | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 'null';
    throw error;
  });
  return ExpansionSchema.nullable().catch(null).parse(JSON.parse(text));
}

/** When it returns, it is on the disk. */
export async function keepExpansion(file: string, expansion: Expansion): Promise<void> {
  await writeAtomic(file, `${JSON.stringify(expansion)}\n`);
}
