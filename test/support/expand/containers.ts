import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readSite } from '../../../builder/config/read-site.ts';
import { fetchDebs } from '../../../builder/fetch/debs.ts';
import { readLock } from '../../../builder/lock/read.ts';
import { cacheRoot } from '../../../host/cache.ts';
import { run } from '../../../host/process.ts';
import type { Machine } from '../cluster/machine.ts';
import { quietHost } from '../quiet-host.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));

/** What the images of these pods are made of: they sleep. */
const files = ['bin/sleep', 'lib/x86_64-linux-gnu/libc.so.6', 'lib64/ld-linux-x86-64.so.2'];

/** Lets kubelets in namespaces of this host run pods, by the box's own runc and the C library that it was built for. */
export class Containers {
  readonly #directory: string;

  /** @param directory an empty one, for what all machines share. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  async prepare(): Promise<void> {
    const host = quietHost(repository, cacheRoot());
    const site = await readSite(repository, 'lab');
    const { lock } = await readLock(repository, site);
    const debs = await fetchDebs(site, lock, host);
    const system = join(this.#directory, 'system');
    await mkdir(system, { recursive: true });
    for (const name of ['libc6', 'libseccomp2', 'runc']) await debs.unpack(debs.file(name), system);
  }

  /**
   * Before the machine's agent starts: runc, a containerd that runs where cgroups are the older kind and no process may
   * be protected from the kernel's want of memory, and images by these names, beside the one that holds a pod's namespaces.
   */
  async install(machine: Machine, images: readonly string[]): Promise<void> {
    const archive = join(this.#directory, `${machine.name}.tar`);
    await this.#image(archive, ['cpiab.dev/oci/pause:1', ...images]);
    const script = `set -e
      cp --archive --remove-destination "$1"/usr/lib/x86_64-linux-gnu/. /usr/lib/x86_64-linux-gnu/
      cp "$1/usr/sbin/runc" /usr/local/bin/runc
      sed -i "s/SystemdCgroup = true/SystemdCgroup = false/
        s/^.plugins.'io.containerd.cri.v1.runtime'.$/&\\n  restrict_oom_score_adj = true/" /etc/containerd/config.toml
      containerd --config /dev/null >/run/import.log 2>&1 &
      for try in $(seq 300); do ! ctr version >/dev/null 2>&1 || break; sleep 0.2; done
      ctr --namespace k8s.io images import "$2"
      kill $!
      wait $! || true`;
    await machine.run(['bash', '-c', script, 'bash', join(this.#directory, 'system'), archive]);
  }

  /** Source: Docker Image Specification v1.2, "Combined Image JSON + Filesystem Changeset Format". */
  async #image(archive: string, names: readonly string[]): Promise<void> {
    const layout = `${archive}.d`;
    await mkdir(layout, { recursive: true });
    const at = (name: string) => join(layout, name);
    await run(['tar', '--create', '--dereference', '--file', at('layer.tar'), '--directory=/', ...files]);
    const digest = createHash('sha256')
      .update(await readFile(at('layer.tar')))
      .digest('hex');
    const config = {
      ...{ architecture: 'amd64', os: 'linux', config: { Entrypoint: ['/bin/sleep', 'infinity'] } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    };
    await writeFile(at('config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: names, Layers: ['layer.tar'] }];
    await writeFile(at('manifest.json'), JSON.stringify(manifest));
    await run([
      'tar',
      '--create',
      '--file',
      archive,
      '--directory',
      layout,
      'manifest.json',
      'config.json',
      'layer.tar',
    ]);
  }
}
