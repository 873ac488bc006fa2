import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findDashboards } from '../../../agent/dashboards/find.ts';
import { GitRepository } from '../../../agent/serve/git/repository.ts';
import { run } from '../../../host/process.ts';

const { signal } = new AbortController();
const panel = { type: 'stat', title: 'Up', gridPos: { x: 0, y: 0, w: 24, h: 4 }, targets: [{ expr: 'up' }] };
const dashboard = (uid: string) => JSON.stringify({ uid, title: uid, panels: [panel] });

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-dashboards-'));
});
afterEach(() => rm(root, { recursive: true }));

async function commit(files: Record<string, string>): Promise<void> {
  const git = (...args: string[]) =>
    run(['git', '-C', root, '-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'dashboards');
}

test('dashboards of what the cluster applies, as the newest commit has them', async () => {
  const platform = 'cluster/kubernetes/platform';
  await commit({
    [`${platform}/prometheus/dashboard.json`]: dashboard('cluster'),
    [`${platform}/prometheus/dashboard-network.json`]: dashboard('network'),
    [`${platform}/prometheus/dashboard-broken.json`]: '{',
    [`${platform}/prometheus/more/dashboard.json`]: dashboard('deeper'),
    [`${platform}/loki/dashboard.json`]: dashboard('not-applied'),
  });
  const folders = [`./${platform}/prometheus`, `./${platform}/storage/`];
  const found = await findDashboards(new GitRepository(join(root, '.git')), folders, signal);
  expect(found.map(({ uid }) => uid)).toEqual(['network', 'cluster']);
});
