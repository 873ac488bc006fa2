import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PostcheckReport, PostcheckReportSchema } from '../../contract/postcheck.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';

const NAME = 'report.json';

export async function keepReport(directory: string, report: PostcheckReport): Promise<void> {
  await ensureDirectory(directory);
  await writeAtomic(join(directory, NAME), `${JSON.stringify(report)}\n`, { mode: 0o600 });
}

/** The latest report; null where there is none, or it is of an older agent. */
export async function latestReport(directory: string): Promise<PostcheckReport | null> {
  const text = await readFile(join(directory, NAME), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return PostcheckReportSchema.safeParse(jsonOrNull(text)).data ?? null;
}
