import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../contract/units.ts';
import { run } from '../../host/process.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { tarLayer } from '../../test/support/registry/images.ts';
import { startRegistry } from '../../test/support/registry/server.ts';

/** Twenty images: four bases of 40 MB shared by five each, and of each image's own 15 MB and 0.1 MB. */
const IMAGES = 20;
const BASES = 4;
const RUNS = Number(process.argv[2] ?? 5);

interface Measured {
  ms: number;
  rss: number;
  written: number;
}

/**
 * From a registry on this machine to a signed bundle, against `skopeo copy` of each image into one OCI
 * layout and `tar` of it; and from what arrived to a registry, against `tar` and `skopeo copy` into an empty
 * one. All in the same run. Argument: how often, 5 unless told; medians and their ratios are printed.
 */
async function main(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-bench-'));
  await mkdir(join(scratch, 'registry'));
  const registry = await startRegistry(join(scratch, 'registry'));
  try {
    const payload = await fill(registry.storage);
    const ours: Measured[] = [];
    const again: Measured[] = [];
    const baseline: number[] = [];
    const serving: number[] = [];
    const pushing: number[] = [];
    for (let round = 0; round < RUNS; round++) {
      const directory = join(scratch, 'ours');
      ours.push(await build(registry.base.href, directory));
      await rm(join(directory, 'bundle'), { recursive: true });
      again.push(await build(registry.base.href, directory));
      serving.push(await serve(directory));
      await rm(directory, { recursive: true });
      const copied = join(scratch, 'skopeo');
      baseline.push(await skopeoAndTar(registry.base.host, copied));
      pushing.push(await untarAndPush(copied));
    }
    print({ payload, ours, again, baseline, serving, pushing });
  } finally {
    await registry.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

const references = Array.from({ length: IMAGES }, (_, index) => `docker.io/bench/app${index}:1.0`);

async function fill(storage: Awaited<ReturnType<typeof startRegistry>>['storage']): Promise<number> {
  const bases = await Promise.all(Array.from({ length: BASES }, () => tarLayer(40_000_000)));
  let payload = BASES * 40_000_000;
  for (const [index, reference] of references.entries()) {
    const own = [await tarLayer(15_000_000), await tarLayer(100_000)];
    payload += 15_100_000;
    const layers = [bases[index % BASES] ?? Buffer.of(), ...own];
    await storage.put(reference.slice('docker.io/'.length), { layers });
  }
  return payload;
}

async function build(mirror: string, directory: string): Promise<Measured> {
  await mkdir(directory, { recursive: true });
  const script = join(import.meta.dirname, 'ours.ts');
  const started = performance.now();
  const { stdout } = await run([process.execPath, script, mirror, directory, ...references], { env });
  return { ms: performance.now() - started, ...(JSON.parse(stdout) as Omit<Measured, 'ms'>) };
}

/** As the launcher sets it. */
const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'cpiab-bench-compiled') };
const CLI = join(import.meta.dirname, '../../cli/main.ts');

/** From an arrived bundle to a registry that serves all of it, verified. */
async function serve(directory: string): Promise<number> {
  const listen = `127.0.0.1:${await freePort()}`;
  const key = join(directory, 'keys', 'minisign.pub');
  const argv = [CLI, 'serve', join(directory, 'bundle'), '--key', key, '--listen', listen, '--json'];
  const started = performance.now();
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  await once(child.stdout, 'data');
  const ms = performance.now() - started;
  child.kill('SIGINT');
  await once(child, 'exit');
  return ms;
}

async function skopeoAndTar(registry: string, directory: string): Promise<number> {
  const started = performance.now();
  for (const reference of references) {
    const source = `docker://${registry}/${reference.slice('docker.io/'.length)}`;
    const target = `oci:${directory}:${reference}`;
    await run(['skopeo', 'copy', '--quiet', '--src-tls-verify=false', source, target]);
  }
  await run(['tar', '--create', '--file', `${directory}.tar`, '--directory', directory, '.']);
  const ms = performance.now() - started;
  await rm(directory, { recursive: true });
  return ms;
}

/** From the arrived tar to a registry that serves all of it. */
async function untarAndPush(directory: string): Promise<number> {
  const target = `${directory}-registry`;
  await mkdir(target);
  const registry = await startRegistry(target);
  const started = performance.now();
  await mkdir(directory);
  await run(['tar', '--extract', '--file', `${directory}.tar`, '--directory', directory]);
  for (const reference of references) {
    const name = reference.slice('docker.io/'.length);
    const [source, image] = [`oci:${directory}:${reference}`, `docker://${registry.base.host}/${name}`];
    await run(['skopeo', 'copy', '--quiet', '--dest-tls-verify=false', source, image]);
  }
  const ms = performance.now() - started;
  await registry.stop();
  for (const path of [directory, target, `${directory}.tar`]) await rm(path, { recursive: true });
  return ms;
}

interface Results {
  payload: number;
  ours: Measured[];
  again: Measured[];
  baseline: number[];
  serving: number[];
  pushing: number[];
}

function print({ payload, ours, again, baseline, serving, pushing }: Results): void {
  const line = (what: string, ms: number, base = median(baseline)) =>
    `${what.padEnd(44)}${(ms / 1000).toFixed(2).padStart(8)} s   ${(ms / base).toFixed(2)}`;
  const written = median(ours.map((one) => one.written));
  process.stdout.write(
    [
      `${IMAGES} images, ${formatBytes(payload)}, median of ${RUNS}`,
      line('skopeo copy into one layout, tar', median(baseline)),
      line('fetch to signed bundle, empty cache', median(ours.map(({ ms }) => ms))),
      line('the same with a full cache', median(again.map(({ ms }) => ms))),
      line('tar --extract, skopeo copy to a registry', median(pushing), median(pushing)),
      line('cpiab serve, all of it verified', median(serving), median(pushing)),
      `written ${(written / payload).toFixed(2)} of the payload; peak memory ${formatBytes(median(ours.map(({ rss }) => rss)))}`,
      '',
    ].join('\n'),
  );
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

await main();
