import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type StageCompletion, StageCompletionSchema } from '../../contract/stage.ts';
import { writeAtomic } from '../../host/files.ts';

/** Stages that are complete, in their order. @throws Error for a file that is damaged: then none may be completed. */
export async function completedStages(file: string): Promise<StageCompletion[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw error;
  });
  return z.array(StageCompletionSchema).parse(JSON.parse(text));
}

export async function keepStages(file: string, completed: readonly StageCompletion[]): Promise<void> {
  await writeAtomic(file, `${JSON.stringify(completed)}\n`);
}
