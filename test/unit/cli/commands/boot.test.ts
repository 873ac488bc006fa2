import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { bootCommand } from '../../../../cli/commands/boot.ts';
import { idleContext } from '../../../support/context.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';

const here = freshDirectory();
const boot = async (lines: string) => {
  await mkdir(here('config', 'clusters'), { recursive: true });
  await mkdir(here('bundles'));
  await writeFile(here('bundles', 'core.yaml'), '');
  const head = 'apiVersion: cpiab.dev/v1\nkind: Site\nname: harbour\n';
  await writeFile(here('config', 'clusters', 'harbour.yaml'), head + lines);
  return await refusal(bootCommand(idleContext(here())).parseAsync(['harbour'], { from: 'user' }));
};

test.each([
  [
    '',
    'has nothing that a machine boots: the site has no engine',
    'give the site an `engine` of kind kubeadm',
  ],
  [
    'engine: { kind: k3s, version: v1.36.3+k3s1 }',
    'has nothing that a machine boots: no box runs engine k3s yet',
    'of kind kubeadm',
  ],
  [
    'engine: { version: v1.36.3 }\nmedia: [tarball, raw.zst]',
    'has nothing that a machine boots: its media are tarball, raw.zst',
    './cpiab build harbour --only iso',
  ],
])('a site that makes nothing to boot is told from one that is not built: %s', async (lines, why, way) => {
  const refused = await boot(lines);
  expect(refused).toMatchObject({ code: 'E1074', exit: 2, subject: 'harbour', message: why });
  expect(refused.hint).toContain(way);
});

test('a site that makes something to boot is not built yet', async () => {
  expect(await boot('engine: { version: v1.36.3 }\nmedia: [qcow2]')).toMatchObject({ code: 'E1015' });
});
