import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildReport, BuildReportSchema } from '../contract/build-report.ts';
import { stableJson } from '../host/cache.ts';
import { writeAtomic } from '../host/files.ts';
import type { Head } from './bundle/head.ts';

const name = 'build-report.json';

/**
 * The report of an earlier build with the same inputs whose artifacts are all still there, as old as the
 * report or older; else null. A tree with changes is always built.
 */
export async function findUnchanged(out: string, inputs: string, head: Head): Promise<BuildReport | null> {
  if (head.revision !== head.commit) return null;
  const path = join(out, name);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const found = BuildReportSchema.safeParse(parseJson(text));
  if (!found.success || found.data.inputs !== inputs) return null;
  const { mtimeMs } = await stat(path);
  const kept = await Promise.all(found.data.artifacts.map((artifact) => untouched(out, artifact, mtimeMs)));
  return kept.every(Boolean) ? { ...found.data, unchanged: true } : null;
}

/** Writes `build-report.json`, last of all: its presence says that the artifacts are whole. */
export async function writeReport(
  out: string,
  content: Omit<BuildReport, 'apiVersion' | 'kind' | 'unchanged'>,
): Promise<BuildReport> {
  const report = BuildReportSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'BuildReport',
    unchanged: false,
    ...content,
  });
  await writeAtomic(join(out, name), `${stableJson(report, 1)}\n`);
  return report;
}

async function untouched(
  out: string,
  artifact: BuildReport['artifacts'][number],
  since: number,
): Promise<boolean> {
  const found = await stat(join(out, artifact.name)).catch(() => null);
  if (found === null) return false;
  return found.isDirectory() || (found.size === artifact.size && found.mtimeMs <= since);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
