import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeCommand } from '../../../cli/commands/close.ts';
import { CpiabError } from '../../../contract/errors.ts';
import { idleContext } from '../../support/context.ts';
import { WorkCopy } from '../../support/work-copy.ts';

let work: WorkCopy;
beforeAll(async () => {
  work = await WorkCopy.make();
  await rm(work.path('config/clusters/homelab.lock.json'), { force: true });
});
afterAll(() => work.remove());

test('without a lock, homelab lacks digests: each is named, and what pins them on which machine', async () => {
  const refused = closeCommand(idleContext(work.root)).parseAsync(['homelab', '--plan'], { from: 'user' });
  const error = await refused.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CpiabError)) throw new Error('not refused');
  expect(error).toMatchObject({
    code: 'E1047',
    exit: 2,
    subject: join(work.root, 'config/clusters/homelab.lock.json'),
  });
  for (const image of ['docker.io/jellyfin/jellyfin:10.11.11', 'ghcr.io/home-operations/sonarr:4.0.19'])
    expect(error.message).toContain(image);
  expect(error.hint).toMatch(
    /^run `\.\/cpiab lock homelab` on a machine that reaches docker\.io, ghcr\.io, registry\.k8s\.io, and commit/,
  );
});
