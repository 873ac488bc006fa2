import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readSite } from '../../../../builder/config/read-site.ts';
import { lockInputs } from '../../../../builder/lock/inputs.ts';
import { lockPath } from '../../../../builder/lock/read.ts';
import { formatLock } from '../../../../builder/lock/resolve.ts';
import { closeCommand } from '../../../../cli/commands/close.ts';
import { idleContext } from '../../../support/context.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const path = freshDirectory();

test('a site without an engine has nothing to prove: it is skipped, and the reason given', async () => {
  await mkdir(path('config', 'clusters'), { recursive: true });
  await mkdir(path('bundles'));
  const set = { apiVersion: 'cpiab.dev/v1', kind: 'BundleSet', name: 'core', title: 'core' };
  await writeFile(
    path('bundles', 'core.yaml'),
    JSON.stringify({ ...set, images: [], programs: [], apps: [] }),
  );
  await writeFile(path('package-lock.json'), '{}');
  const text = 'apiVersion: cpiab.dev/v1\nkind: Site\nname: harbour\n';
  await writeFile(path('config', 'clusters', 'harbour.yaml'), text);
  const inputs = await lockInputs(path(), await readSite(path(), 'harbour'));
  await writeFile(lockPath(path(), 'harbour'), formatLock(tinyLock({ site: 'harbour', inputs })));
  const printed: [unknown, string][] = [];
  const statuses: number[] = [];
  const context = {
    ...idleContext(path()),
    print: (document: unknown, shown: string) => void printed.push([document, shown]),
    exitWith: (status: number) => void statuses.push(status),
  };
  await closeCommand(context).parseAsync(['harbour', '--plan'], { from: 'user' });
  const skipped = 'the site has no engine, so its Git applies nothing';
  const document = {
    site: 'harbour',
    skipped,
    objects: 0,
    images: [],
    charts: [],
    repositories: [],
    findings: [],
  };
  expect(printed).toEqual([[document, `skipped: ${skipped}`]]);
  expect(statuses).toEqual([]);
});
