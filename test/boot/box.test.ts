import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { triedToLeave } from '../../contract/firewall.ts';
import { ManifestSchema } from '../../contract/manifest.ts';
import { failedChecks, PostcheckReportSchema } from '../../contract/postcheck.ts';
import { ProcessError, run } from '../../host/process.ts';
import { ask } from '../support/ask.ts';
import { kubePrograms } from '../support/kube-programs.ts';
import { removeTree } from '../support/remove-tree.ts';
import { bootLab, buildLab, cpiab, type LabBox } from './support/lab.ts';
import { cloneSite, pushSite, type SiteGit } from './support/site-git.ts';

/** After so long a pushed commit is not on its way any more. What it took is printed: how fast an emulated machine is, is no claim. */
const LOST_MS = 5 * 60_000;

let box: LabBox;
let dist: string;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-boot-'));
  dist = await buildLab();
  box = await bootLab(join(dist, 'cpiab-lab.iso'));
});
afterAll(async () => {
  await box?.cut();
  await removeTree(scratch);
});

async function readManifest() {
  return ManifestSchema.parse(JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8')));
}

/** What a command printed that ended as it should when it finds something wrong. */
function toldAllTheSame(error: unknown): string {
  if (error instanceof ProcessError && error.stdout !== '') return error.stdout;
  throw error;
}

const bundledCommit = async () => (await readManifest()).revision.replace(/-dirty$/, '');

describe('the box has converged', () => {
  test('its node is Ready, every Kustomization is at the head of its own mirror', async () => {
    const { nodes, flux, git } = await box.ask.status();
    expect(nodes).toEqual([{ name: 'cpiab', ready: true, version: expect.stringMatching(/^v1\./) }]);
    expect(flux).toMatchObject({ ready: flux.total, blocking: [] });
    expect(flux.total).toBeGreaterThanOrEqual(3);
    expect(git.applied).toBe(await bundledCommit());
    expect(git.head).toBe(git.applied);
  });

  test('it runs only what the bundle holds, and nothing tried to leave it', async () => {
    const { images, dropped } = await box.ask.status();
    expect(images.notInBundle).toEqual([]);
    expect(images.running).toBeGreaterThanOrEqual(8);
    expect(triedToLeave(dropped)).toBe(0);
  });

  test('the policies of Git are enforced, on every pod that they select', async () => {
    const { podNetwork } = await box.ask.status();
    expect(podNetwork).toMatchObject({ backend: 'vxlan', nodes: 0, problem: '' });
    // Flux's controller, the provisioner of volumes and Syncthing: each namespace denies by default.
    expect(podNetwork?.policies).toBeGreaterThanOrEqual(6);
    expect(podNetwork?.isolatedPods).toBeGreaterThanOrEqual(3);
  });

  test('Syncthing and its claim are among what Flux keeps', async () => {
    const { kustomizations } = await box.ask.kustomizations();
    const objects = kustomizations.flatMap((one) => one.objects);
    expect(objects).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^PersistentVolumeClaim\/syncthing\//),
        expect.stringMatching(/^Deployment\/syncthing\//),
      ]),
    );
  });

  test('it tells when each part of it was up', async () => {
    const { marks } = await box.ask.status();
    const names = marks.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'agent',
        'containerd',
        'images',
        'api-server',
        'node',
        'Kustomization/flux-system/cluster',
      ]),
    );
    process.stderr.write(`${marks.map(({ name, atMs }) => `${name} ${atMs} ms`).join(', ')}\n`);
  });

  test('a support bundle has all of its parts', async () => {
    const file = join(scratch, 'support.tar.zst');
    const address = `${box.report.url}#${box.report.fingerprint}`;
    const told = await cpiab('support-bundle', '--box', address, '--out', file, '--json');
    expect(JSON.parse(told)).toMatchObject({ missing: [] });
    // Any other takes a step out of the machine for each look at it.
    const { stdout: clock } = await run(['tar', '--zstd', '-x', '-O', '-f', file, 'clock.txt']);
    expect(['tsc', 'kvm-clock']).toContain(clock.trim());
  });

  test('kubectl reaches its cluster through its API, into a container, and the log has that', async () => {
    const address = `${box.report.url}#${box.report.fingerprint}`;
    const config = join(scratch, 'kubeconfig');
    await cpiab('kubeconfig', '--box', address, '--out', config);
    await kubePrograms(join(scratch, 'bin'));
    const own = ['kubectl', `--kubeconfig=${config}`, '--namespace=syncthing'];
    const { stdout } = await run([...own, 'exec', 'deployment/syncthing', '--', 'syncthing', '--version']);
    expect(stdout).toContain('syncthing v');
    const log = JSON.parse(await cpiab('audit', '--box', address, '--json'));
    const lines = JSON.stringify(log);
    expect(lines).toContain('/exec?command=syncthing&command=--version');
  });

  test('a post-check is green, says the same a second time, and leaves nothing', async () => {
    const address = `${box.report.url}#${box.report.fingerprint}`;
    const junit = join(scratch, 'postcheck.xml');
    const { flux: before } = await box.ask.status();
    const reports = [];
    for (const more of [['--junit', junit], []]) {
      const told = await cpiab('postcheck', '--box', address, '--json', ...more).catch(toldAllTheSame);
      const { checks, verdict } = PostcheckReportSchema.parse(JSON.parse(told));
      expect(failedChecks({ checks })).toEqual([]);
      process.stderr.write(`${checks.map(({ id, tookMs }) => `${id} ${tookMs} ms`).join(', ')}\n`);
      reports.push({ verdict, checks: checks.map((check) => ({ ...check, tookMs: 0 })) });
    }
    expect(reports[0]?.verdict).toBe('pass');
    expect(reports[1]).toEqual(reports[0]);
    expect(await readFile(junit, 'utf8')).toContain('failures="0"');
    // The provisioner removes the last volume by a pod of its own.
    await vi.waitFor(async () => expect((await box.ask.status()).flux).toEqual(before), {
      timeout: LOST_MS,
      interval: 1000,
    });
  });

  test('each step has a time', () => {
    expect(box.report.timeline.map(({ name, state }) => [name, state])).toEqual(
      ['verify', 'serve', 'engine', 'flux', 'converge'].map((name) => [name, 'done']),
    );
  });
});

describe("the box's Git", () => {
  let git: SiteGit;
  const folder = 'cluster/kubernetes/apps/syncthing';
  const written = 'ConfigMap/syncthing/pushed';

  /** Commits, pushes, and waits until Flux has done what it asks for. @returns milliseconds from the push. */
  async function pushed(message: string, isDone: (objects: string[]) => boolean): Promise<number> {
    const began = Date.now();
    await pushSite(git, message);
    while (!isDone(await objects())) {
      if (Date.now() - began > LOST_MS) throw new Error(JSON.stringify(await box.ask.status()));
      await sleep(1000);
    }
    return Date.now() - began;
  }

  const objects = async () => (await box.ask.kustomizations()).kustomizations.flatMap((one) => one.objects);

  test('a clone has the head that the bundle carries', async () => {
    git = await cloneSite(box.url, box.files.ca, join(scratch, 'site'));
    expect(await git(['rev-parse', 'HEAD'])).toBe(await bundledCommit());
  });

  test('a push without the credential is refused', async () => {
    await git(['commit', '--quiet', '--allow-empty', '--message', 'refused']);
    await expect(git(['push', '--quiet', 'origin', 'HEAD:main'])).rejects.toThrow(ProcessError);
    await git(['reset', '--quiet', '--hard', 'origin/main']);
  });

  test('a commit is applied, and what a later one removes is gone', async () => {
    // Of a try before this one.
    await git(['fetch', '--quiet']);
    await git(['reset', '--quiet', '--hard', await bundledCommit()]);
    await git(['merge', '--quiet', '--strategy', 'ours', 'origin/main']);
    const file = join(scratch, 'site', folder, 'pushed.yaml');
    await mkdir(join(file, '..'), { recursive: true });
    const kustomization = join(scratch, 'site', folder, 'kustomization.yaml');
    const before = await readFile(kustomization, 'utf8');
    await writeFile(
      file,
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: pushed, namespace: syncthing }\ndata: { by: test }\n',
    );
    await writeFile(kustomization, before.replace('resources:\n', 'resources:\n  - pushed.yaml\n'));
    const added = await pushed('Add a config map', (all) => all.includes(written));

    await rm(file);
    await writeFile(kustomization, before);
    const removed = await pushed('Remove it again', (all) => !all.includes(written));
    process.stderr.write(`applied after ${added} ms, pruned after ${removed} ms\n`);
  });
});

describe("the box's registry", () => {
  const image = () => `docker://${new URL(box.url).host}`;
  const name = 'cpiab.dev/oci/busybox';
  let certificates: string;

  beforeAll(async () => {
    certificates = join(scratch, 'certificates');
    await mkdir(certificates);
    await writeFile(join(certificates, 'box.crt'), await readFile(box.files.ca));
  });

  /** The image's tag and digest in the bundle. */
  async function bundled(): Promise<{ tag: string; digest: string }> {
    const [reference = '', digest = ''] =
      Object.entries((await readManifest()).images).find(([reference]) => reference.startsWith(`${name}:`)) ??
      [];
    return { tag: reference.slice(name.length + 1), digest };
  }
  const copy = (from: string, to: string, ...more: string[]) =>
    run(['skopeo', 'copy', '--quiet', ...more, from, to]);

  test('gives an image by tag and by digest, as the bundle has it', async () => {
    const { tag, digest } = await bundled();
    for (const [index, suffix] of [`:${tag}`, `@${digest}`].entries()) {
      const target = join(scratch, `image-${index}`);
      await copy(`${image()}/${name}${suffix}`, `oci:${target}`, '--src-cert-dir', certificates);
      const index_ = JSON.parse(await readFile(join(target, 'index.json'), 'utf8')) as {
        manifests: { digest: string }[];
      };
      expect(index_.manifests[0]?.digest).toBe(digest);
    }
  });

  test('gives parts of a blob', async () => {
    const { digest } = await bundled();
    const ca = await readFile(box.files.ca, 'utf8');
    const manifest = await ask(`${box.url}/v2/${name}/manifests/${digest}`, {
      ca,
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const { layers } = JSON.parse(manifest.body.toString()) as { layers: { digest: string; size: number }[] };
    const layer = layers[0] ?? { digest: '', size: 0 };
    const url = `${box.url}/v2/${name}/blobs/${layer.digest}`;
    const whole = await ask(url, { ca });
    const part = await ask(url, { ca, headers: { range: 'bytes=100-299' } });
    expect(part.status).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes 100-299/${layer.size}`);
    expect(part.body).toEqual(whole.body.subarray(100, 300));
  });

  test('takes none', async () => {
    const { tag } = await bundled();
    const push = copy(
      `oci:${join(scratch, 'image-0')}`,
      `${image()}/${name}:${tag}-mine`,
      ...['--dest-cert-dir', certificates],
    );
    await expect(push).rejects.toThrow(ProcessError);
  });
});
