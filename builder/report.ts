import { lstat, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildReport, BuildReportSchema } from '../contract/build-report.ts';
import { indexName } from '../contract/chunk-index.ts';
import { bundleFiles } from '../contract/layout.ts';
import { digestOf } from '../contract/manifest.ts';
import { mediumOfFolder } from '../contract/volumes.ts';
import { stableJson } from '../host/cache.ts';
import { sha256File, writeAtomic } from '../host/files.ts';
import { jsonOrNull } from '../host/json.ts';
import type { Head } from './bundle/head.ts';

const name = 'build-report.json';
type Artifact = BuildReport['artifacts'][number];

/**
 * The report of an earlier build with the same inputs whose artifacts are all still there, with every file
 * as old as the report or older; else null. A tree with changes is always built.
 */
export async function findUnchanged(out: string, inputs: string, head: Head): Promise<BuildReport | null> {
  if (head.revision !== head.commit) return null;
  const path = join(out, name);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const found = BuildReportSchema.safeParse(jsonOrNull(text));
  if (!found.success || found.data.inputs !== inputs) return null;
  const { mtimeMs } = await stat(path);
  const kept = await Promise.all(found.data.artifacts.map((artifact) => untouched(out, artifact, mtimeMs)));
  return kept.every(Boolean) ? { ...found.data, unchanged: true } : null;
}

/** Takes the report away before artifacts are replaced, so that it never stands beside those of two builds. */
export async function retractReport(out: string): Promise<void> {
  await rm(join(out, name), { force: true });
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

async function untouched(out: string, artifact: Artifact, since: number): Promise<boolean> {
  const path = join(out, artifact.name);
  const found = await stat(path).catch(() => null);
  if (found === null) return false;
  if (!found.isDirectory()) return found.size === artifact.size && found.mtimeMs <= since;
  const list = await sha256File(join(path, listIn(artifact.name))).catch(() => null);
  if (list === null || digestOf(list.sha256) !== artifact.digest) return false;
  const times = await Promise.all(
    [path, ...(await everythingIn(path))].map(async (each) => (await lstat(each)).mtimeMs),
  );
  return times.every((time) => time <= since);
}

/** The signed file in a directory that lists all else in it. */
function listIn(directory: string): string {
  const split = mediumOfFolder(directory);
  return split === null ? bundleFiles.manifest : indexName(split);
}

/** Directories too: theirs is the time at which an entry came or went. */
async function everythingIn(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).map((entry) => join(directory, entry));
}
