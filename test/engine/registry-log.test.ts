import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { missedBy } from '../../agent/postcheck/closed-world.ts';
import { until } from '../../agent/until.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { programFiles } from '../support/kube-programs.ts';

const here = keptDirectory();
const config = join(import.meta.dirname, '../../agent/files/etc/cpiab/registry.yml');

test("the log of the box's own registry tells what containerd did not find", async () => {
  await programFiles('registry', here('bin'));
  await mkdir(here('bundle'));
  const at = `127.0.0.1:${await freePort()}`;
  const env = { REGISTRY_HTTP_ADDR: at, REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: here('bundle') };
  const registry = spawn(here('bin/registry'), ['serve', config], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log = text(registry.stderr);
  const ask = async (path: string, agent: string, method: string) =>
    (await fetch(`http://${at}${path}`, { method, headers: { 'user-agent': agent } })).status;
  const isUp = () =>
    ask('/v2/', 'test', 'GET').then(
      (status) => status === 200,
      () => false,
    );
  await until(isUp, AbortSignal.timeout(60_000));
  for (const method of ['HEAD', 'GET'])
    expect(await ask('/v2/docker.io/library/nginx/manifests/1.29', 'containerd/v2.2.0', method)).toBe(404);
  expect(await ask('/v2/docker.io/library/mysql/manifests/9', 'skopeo/1.18', 'GET')).toBe(404);
  const ended = once(registry, 'exit');
  registry.kill();
  await ended;
  expect(missedBy(await log)).toEqual(['/v2/docker.io/library/nginx/manifests/1.29']);
});
