import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PostcheckReport } from '../../contract/postcheck.ts';
import {
  type ProjectStatus,
  ProjectStatusSchema,
  type SiteStatus,
  type StageGate,
  statusFiles,
} from '../../contract/stage.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { statusPage } from './status-page.ts';

/** What a box tells of its stages and its latest post-check, as Git keeps it. */
export function siteStatus({ site, completed, open }: StageGate, report: PostcheckReport | null): SiteStatus {
  if (report === null) return { site, completed, open, postcheck: null };
  const { time, revision, box, bundle, verdict } = report;
  const checks = report.checks.map(({ id, result, evidence }) => ({ id, result, evidence }));
  return { site, completed, open, postcheck: { time, revision, box: box.id, bundle, verdict, checks } };
}

/** Writes both files into a work tree; what they say of other sites stays. @returns their paths below it. */
export async function writeStatus(repository: string, status: SiteStatus): Promise<string[]> {
  const before = await readStatus(repository);
  const others = before.sites.filter(({ site }) => site !== status.site);
  const sites = [...others, status].toSorted((a, b) => (a.site < b.site ? -1 : 1));
  const project: ProjectStatus = { ...before, sites };
  await put(join(repository, statusFiles.document), `${JSON.stringify(project, null, 2)}\n`);
  await put(join(repository, statusFiles.page), statusPage(project));
  return Object.values(statusFiles);
}

/** What Git says now: nothing, where there is no file. @throws ZodError for a file that somebody wrote by hand. */
export async function readStatus(repository: string): Promise<ProjectStatus> {
  const text = await readFile(join(repository, statusFiles.document), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
  const none: ProjectStatus = { apiVersion: 'cpiab.dev/v1', kind: 'ProjectStatus', sites: [] };
  return text === null ? none : ProjectStatusSchema.parse(JSON.parse(text));
}

async function put(path: string, text: string): Promise<void> {
  await ensureDirectory(dirname(path));
  await writeAtomic(path, text);
}
