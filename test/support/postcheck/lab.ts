import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { listen } from '../../../agent/api/server.ts';
import type { Engine } from '../../../agent/engine/engine.ts';
import { checkSnapshot, saveSnapshot } from '../../../agent/engine/kubeadm/etcd/snapshot.ts';
import { applyFlux } from '../../../agent/flux/flux.ts';
import { Release } from '../../../agent/flux/release.ts';
import { listKustomizations, notApplied } from '../../../agent/observe/kustomizations.ts';
import { Publisher, revisionOf } from '../../../agent/serve/artifacts/publisher.ts';
import { artifactServer } from '../../../agent/serve/artifacts/server.ts';
import { type GitRepository, openRepository } from '../../../agent/serve/git/repository.ts';
import { flux, ports } from '../../../contract/layout.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import { makeIdentity } from '../../../host/age/keys.ts';
import { sourceRepository, startTestApi, type TestApi } from '../api.ts';
import { fluxCrds, programFiles } from '../kube-programs.ts';
import { KubeApi } from '../svid/kube-api.ts';
import { expose, ownAddress } from './exposed.ts';
import { Kubelet } from './kubelet.ts';
import { images, makeObjects, nodePath } from './objects.ts';
import { BoxPrograms, Programs } from './programs.ts';
import { siteFiles } from './site.ts';

const repository = join(import.meta.dirname, '../../..');
const { signal } = new AbortController();
const LOCK = `sha256:${'c'.repeat(64)}`;

/** A box's API, its Git, an API server with etcd, and Flux's controller: all real. No node runs any pod. */
export class PostcheckLab {
  readonly kube = new KubeApi();
  readonly kubelet = new Kubelet(this.kube);
  readonly #programs = new Programs();
  readonly #at: (name: string) => string;
  readonly #web: Server;
  #controller: ChildProcess | undefined;
  box!: TestApi;
  git!: GitRepository;
  work = '';
  programs!: BoxPrograms;
  /** What the app's Service answers. */
  webStatus = 200;
  /** Bytes that are free on the disk of the node, by what its kubelet says. */
  free = 5e9;

  constructor(at: (name: string) => string) {
    this.#at = at;
    this.#web = createServer((_, answer) => answer.writeHead(this.webStatus).end());
  }

  async open(): Promise<void> {
    await this.kube.open();
    await programFiles('kustomize-controller', this.#at('bin'));
    this.programs = new BoxPrograms(join(this.kube.directory, 'bin'));
    await this.programs.write();
    await this.#openBox();
    await this.#openFlux();
    await makeObjects(this.kube);
    await this.#openWeb();
    await this.#openStats();
    this.kubelet.start();
    const names = ['namespace', 'persistentvolumeclaim-protection', 'persistentvolume-protection'];
    const controllers = names.map((name) => `${name}-controller`).join();
    const flags = ['--leader-elect=false', '--secure-port=0', `--controllers=${controllers}`];
    this.#programs.start(['kube-controller-manager', `--kubeconfig=${this.kube.kubeconfig}`, ...flags]);
  }

  async #openBox(): Promise<void> {
    const { work, bundle } = await sourceRepository(this.#at(''), await siteFiles());
    this.work = work;
    this.git = await openRepository(this.#at('box.git'), bundle, signal);
    // One that no other test has: the port is always the same.
    const nodeAddress = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.1`;
    this.box = await startTestApi(() => undefined, { site: { network: { nodeAddress } } });
    const { board, directory } = this.box;
    const here = (name: string) => join(directory, name);
    // A machine with the older cgroups has the new hierarchy beside them.
    const unified = '/sys/fs/cgroup/unified';
    const cgroups = existsSync(unified) ? unified : board.paths.cgroups;
    const below = { cgroups, artifacts: here('artifacts'), run: here('run'), tls: here('tls') };
    Object.assign(board.paths, { ...below, fluxCrds: await fluxCrds() });
    const { secret } = makeIdentity();
    await writeFile(board.paths.ageKey, `${secret}\n`, { mode: 0o600 });
    const manifest = { sequence: 7, lock: LOCK, images, blobs: [], revision: 'x' } as unknown as Manifest;
    board.put('manifest', manifest);
    board.put('kube', this.kube.client);
    board.put('git', this.git);
    board.put('engine', this.#engine());
  }

  /** What a kubelet tells of its disk, where the API server asks for it: over TLS that it does not check here. */
  async #openStats(): Promise<void> {
    const file = (name: string) => readFile(join(this.kube.directory, name));
    const pair = { cert: await file('ca.crt'), key: await file('ca.key') };
    const stats = createSecure(pair, (_, answer) => {
      const room = { availableBytes: this.free, capacityBytes: 10e9 };
      const volume = [{ pvcRef: { namespace: 'web', name: 'data' }, ...room }];
      answer.end(JSON.stringify({ node: { fs: room }, pods: [{ volume }] }));
    });
    const address = ownAddress();
    await listen(stats, 0, address, signal);
    stats.unref();
    const { port: Port } = stats.address() as AddressInfo;
    const addresses = [{ type: 'InternalIP', address }];
    await this.kube.client.patchStatus(nodePath, {
      addresses,
      daemonEndpoints: { kubeletEndpoint: { Port } },
    });
  }

  /** etcd's own tools on the store of this API server. */
  #engine(): Engine {
    const { directory, etcd } = this.kube;
    const file = (name: string) => join(directory, name);
    const pair = { ca: file('ca.crt'), certificate: file('ca.crt'), key: file('ca.key') };
    const access = { endpoints: [etcd], ...pair };
    return {
      keys: [],
      snapshot: (to: string, within: AbortSignal) => saveSnapshot(access, to, within),
      checkSnapshot,
    } as unknown as Engine;
  }

  async #openFlux(): Promise<void> {
    const { board, report } = this.box;
    const { nodeAddress } = board.site.network;
    await listen(artifactServer(board.paths.artifacts), ports.artifacts, nodeAddress, signal);
    const url = `http://${nodeAddress}:${ports.artifacts}`;
    board.put('release', new Release(this.git, new Publisher(this.git, board.paths.artifacts, url), report));
    await applyFlux(board, { signal, progress: () => {} });
    await this.startFlux();
  }

  async startFlux(): Promise<void> {
    const text = await readFile(join(repository, flux.systemPath, 'deployment.yaml'), 'utf8');
    const { args } = parse(text).spec.template.spec.containers[0];
    const listens = ['--metrics-addr=127.0.0.1:0', '--health-addr=127.0.0.1:0'];
    this.#controller = this.#programs.start([this.#at('bin/kustomize-controller'), ...args, ...listens], {
      ...{
        KUBECONFIG: this.kube.kubeconfig,
        RUNTIME_NAMESPACE: 'flux-system',
        TMPDIR: this.#at(''),
        PATH: '',
      },
    });
  }

  /** How many Kustomizations have applied the head. */
  async applied(): Promise<number> {
    const all = await listKustomizations(this.kube.client, signal);
    const { id } = await this.git.head();
    return all.filter((item) => notApplied(item, revisionOf(id)) === null).length;
  }

  async stopFlux(): Promise<void> {
    if (this.#controller !== undefined) await this.#programs.end(this.#controller);
  }

  /** The pod behind the Service of app `web`. */
  async #openWeb(): Promise<void> {
    await listen(this.#web, 0, ownAddress(), signal);
    const { port } = this.#web.address() as AddressInfo;
    await expose(this.kube, { namespace: 'web', service: 'web', port: 80 }, port);
  }

  async close(): Promise<void> {
    await this.kubelet.stop();
    await this.#programs.endAll();
    this.#web.close();
    await this.box?.close();
    await this.kube.close();
  }
}
