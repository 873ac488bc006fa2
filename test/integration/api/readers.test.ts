import { copyFile, mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintPossession } from '../../../agent/pki/mint.ts';
import { exportRepository } from '../../../cli/box/export.ts';
import { run } from '../../../host/process.ts';
import { BoxGit } from '../../support/box-git.ts';
import { EnrollBox, freshStore } from '../../support/enroll/box.ts';
import { Machine } from '../../support/enroll/machine.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';

const path = keptDirectory();
const { signal } = new AbortController();
const images = '/v2/team/app/tags/list';
const references = '/git/lab.git/info/refs?service=git-upload-pack';
let registry: TestRegistry;
let git: BoxGit;
let box: EnrollBox;

beforeAll(async () => {
  registry = await startRegistry(path('registry'));
  await registry.storage.put('team/app:1');
  const site = { registry: { read: 'certificate' }, git: { read: 'certificate' } };
  git = await BoxGit.start({}, { site, registry: Number(registry.base.port) });
  box = new EnrollBox(git.api);
});
afterAll(async () => {
  await git.stop();
  await registry.stop();
});

/** What somebody is answered who asks for an image and for Git. */
async function statuses(ask: (path: string) => Promise<{ status: number }>): Promise<number[]> {
  return [(await ask(images)).status, (await ask(references)).status];
}

describe('where the site lets nobody read without a certificate', () => {
  test('an operator and a node read images and Git', async () => {
    expect(await statuses((asked) => box.ask(asked))).toEqual([200, 200]);
    const node = await Machine.of(box, (await box.member('reader')).store);
    expect(await statuses((asked) => node.get(asked))).toEqual([200, 200]);
  });

  test('nobody does without one, or with one that he made himself', async () => {
    expect(await statuses((asked) => box.anonymous(asked, {}))).toEqual([403, 403]);
    const denied = JSON.parse((await box.anonymous(images, {})).text);
    expect(denied.errors[0].message).toBe(
      'the images of this box are for operators and nodes, who show their certificates',
    );
    const { pem } = await (await freshStore()).key();
    const stranger = new Machine(box, pem, await mintPossession(pem));
    expect(await statuses((asked) => stranger.get(asked))).toEqual([403, 403]);
  });

  test('a node that was removed does not', async () => {
    const { store, member } = await box.member('former');
    const node = await Machine.of(box, store);
    expect(await statuses((asked) => node.get(asked))).toEqual([200, 200]);
    await box.post(`/v1/nodes/${member.grant.id}/remove`, { reason: 'test' });
    expect(await statuses((asked) => node.get(asked))).toEqual([403, 403]);
  });

  test('skopeo reads with the certificate alone', async () => {
    const [none, own] = [path('none'), path('own')];
    for (const directory of [none, own]) {
      await mkdir(directory);
      await copyFile(git.api.files.ca, `${directory}/ca.crt`);
    }
    await copyFile(git.api.files.certificate, `${own}/client.cert`);
    await copyFile(git.api.files.key, `${own}/client.key`);
    const image = `docker://127.0.0.1:${git.api.port}/team/app:1`;
    const inspect = (directory: string) =>
      run(['skopeo', 'inspect', '--raw', '--cert-dir', directory, image]);
    expect((await inspect(own)).stdout).toContain('application/vnd.oci.image.manifest.v1+json');
    await expect(inspect(none)).rejects.toMatchObject({ stderr: expect.stringContaining('403 (Forbidden)') });
  });

  test('git clones, and the CLI exports, with the certificate alone', async () => {
    const { GIT_SSL_CAINFO = '' } = git.environment;
    const clone = (to: string, env: Record<string, string>) =>
      run(['git', 'clone', '--quiet', git.remote, path(to)], { env });
    await clone('clone', git.environment);
    await expect(clone('refused', { GIT_SSL_CAINFO })).rejects.toMatchObject({
      stderr: expect.stringContaining('403'),
    });
    const address = { url: new URL(git.api.url), fingerprint: git.api.identity.fingerprint };
    const { certificate: cert, key } = git.api.files;
    await exportRepository(address, 'lab', { cert, key }, path('site.bundle'), signal);
    const refused = await refusal(exportRepository(address, 'lab', null, path('none.bundle'), signal));
    expect([refused.code, refused.message]).toEqual(['E5004', expect.stringContaining('403')]);
  });

  test('what the box says of itself is still for anyone', async () => {
    expect((await box.anonymous('/v1/status', {})).status).toBe(200);
    expect((await box.anonymous('/v1/ca.pem', {})).status).toBe(200);
  });
});
