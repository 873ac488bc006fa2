import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ruleFindings } from '../../../builder/close/rules.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import { removeTree } from '../../support/remove-tree.ts';

const here = join(import.meta.dirname, '../../..');
const { signal } = new AbortController();
const deployment = 'cluster/kubernetes/apps/syncthing/deployment.yaml';
let directory: string;

const git = async (...args: string[]) => {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  return (await run(['git', '-C', directory, ...who, ...args])).stdout;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-rules-'));
  await run(['git', 'clone', '--quiet', '--shared', here, directory]);
});
afterAll(() => removeTree(directory));

async function findings(): Promise<string[]> {
  const site = parseBoxSite(parse(await git('show', 'HEAD:config/clusters/lab.yaml')));
  const commit = (await git('rev-parse', 'HEAD')).trim();
  const found = await ruleFindings({ gitDir: join(directory, '.git'), commit, site }, signal);
  return found.map(({ code, subject, message }) => `${code} ${subject}: ${message}`);
}

test('what is committed here keeps every rule', async () => {
  expect(await findings()).toEqual([]);
});

test('a commit that breaks one is told with file, line and rule', async () => {
  const text = await git('show', `HEAD:${deployment}`);
  await writeFile(
    join(directory, deployment),
    text.replace('readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false'),
  );
  await git('commit', '--quiet', '--all', '--message', 'bad');
  expect(await findings()).toContain(
    `E2230 ${deployment}:43: read-only-root: container seed of Deployment/syncthing can write to its image`,
  );
});
