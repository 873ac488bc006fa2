import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { flip } from '../../boot/support/flip.ts';
import { testCertificate } from '../../support/registry/certificate.ts';
import { tarLayer } from '../../support/registry/images.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { type TinyBundle, tinyBundle } from '../../support/tiny-bundle.ts';

const main = resolve(import.meta.dirname, '../../../cli/main.ts');
const NAME = 'docker.io/library/app:1.0';
const ends: (() => Promise<unknown>)[] = [];

let root: string;
let bundle: TinyBundle;
let key: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-serve-'));
  bundle = await tinyBundle(root, 'bundle', { sequence: 3, images: { [NAME]: [await tarLayer(100_000)] } });
  key = join(root, 'keys', 'minisign.pub');
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => removeTree(root));

/** Starts `cpiab serve` as a user would; gives its first line, once it serves, or how it ended. */
async function serve(...args: string[]) {
  const argv = [main, 'serve', bundle.directory, '--key', key, '--json', ...args];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit').then(([status]) => ({ status: status as number | null }));
  ends.push(async () => {
    child.kill('SIGINT');
    await ended;
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await Promise.race([lines.next(), ended]);
  return { child, ended, serving: 'value' in first && first.done !== true, said: () => said };
}

const inspect = async (address: string, ...more: string[]) => {
  const argv = ['skopeo', 'inspect', '--format', '{{.Digest}}', ...more, `docker://${address}/${NAME}`];
  return (await run(argv)).stdout.trim();
};

describe('cpiab serve', () => {
  test('serves what it verified, by the full name and with the same digest', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    expect((await serve('--listen', address)).serving).toBe(true);
    expect(await inspect(address, '--tls-verify=false')).toBe(bundle.manifest.images[NAME]);
    const copy = `dir:${join(root, 'copy')}`;
    await run(['skopeo', 'copy', '--quiet', '--src-tls-verify=false', `docker://${address}/${NAME}`, copy]);
  });

  test('takes nothing', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    await serve('--listen', address);
    const { status } = await fetch(`http://${address}/v2/docker.io/library/app/blobs/uploads/`, {
      method: 'POST',
    });
    expect(status).toBe(405);
  });

  test('serves over TLS', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    await testCertificate(root);
    const files = ['--tls-cert', join(root, 'tls.crt'), '--tls-key', join(root, 'tls.key')];
    expect((await serve('--listen', address, ...files)).serving).toBe(true);
    expect(await inspect(address, '--tls-verify=false')).toBe(bundle.manifest.images[NAME]);
  });

  test('ends with Ctrl-C, and says that it was interrupted', async () => {
    const { child, ended } = await serve('--listen', `127.0.0.1:${await freePort()}`);
    child.kill('SIGINT');
    expect((await ended).status).toBe(130);
  });

  test('serves nothing of a damaged bundle', async () => {
    const layer = bundle.manifest.blobs.find(({ role }) => role === 'image-layer');
    const path = join(bundle.directory, 'blobs', 'sha256', (layer?.digest ?? '').slice(7));
    await flip(path, 500);
    const address = `127.0.0.1:${await freePort()}`;
    const { ended, serving, said } = await serve('--listen', address);
    await flip(path, 500);
    expect(serving).toBe(false);
    expect((await ended).status).toBe(3);
    expect(said()).toContain('E2103');
    await expect(fetch(`http://${address}/v2/`)).rejects.toThrow();
  });

  test('says that its address is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { ended, serving, said } = await serve('--listen', `127.0.0.1:${port}`);
    expect(serving).toBe(false);
    expect((await ended).status).toBe(4);
    expect(said()).toMatch(/E4020.*the address is in use/);
    taken.close();
  });

  test.each([
    ['--listen', 'nowhere', 2],
    ['--tls-cert', 'x.crt', 2],
  ])('refuses %s %s', async (option, value, status) => {
    expect((await (await serve(option, value)).ended).status).toBe(status);
  });
});
