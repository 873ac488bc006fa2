import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../../agent/until.ts';
import { readSite } from '../../../builder/config/read-site.ts';
import { fetchDebs, packagesOf } from '../../../builder/fetch/debs.ts';
import { readLock } from '../../../builder/lock/read.ts';
import { cacheRoot } from '../../../host/cache.ts';
import { run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { quietHost } from '../quiet-host.ts';

const repository = join(import.meta.dirname, '../../..');
const app = join(repository, 'cluster/kubernetes/apps/qbittorrent');

/** Debian's qBittorrent as the lock of lab-stage1 has it, on a volume that the app's own script has seeded. */
export class TestQbittorrent {
  readonly #directory: string;
  #port = 0;
  /** Its packages, unpacked. */
  #trees: string[] = [];
  #running: ChildProcess | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Unpacks it, and writes the settings that a volume has after its first start. */
  async install(): Promise<void> {
    const host = quietHost(repository, cacheRoot());
    const site = await readSite(repository, 'lab-stage1');
    const { lock } = await readLock(repository, site);
    const packages = packagesOf(lock, 'image/qbittorrent');
    const debs = await fetchDebs(site, { ...lock, debian: { ...lock.debian, packages } }, host);
    this.#trees = await Promise.all(
      packages.map(async ({ name, sha256 }) => {
        const unpack = (directory: string) => debs.unpack(debs.file(name), directory);
        return (await host.cache.tree('deb', { sha256 }, unpack)).path;
      }),
    );
    this.#port = await freePort();
    await this.#seed();
  }

  async start(): Promise<void> {
    await this.#seed();
    const libraries = this.#trees.map((tree) => `${tree}/usr/lib/x86_64-linux-gnu`);
    const path = [...libraries, ...libraries.map((each) => `${each}/libproxy`)].join(':');
    const [loader = '', program = ''] = await Promise.all([
      this.#find('usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'),
      this.#find('usr/bin/qbittorrent-nox'),
    ]);
    const args = ['--library-path', path, program, `--profile=${this.#at('config')}`];
    this.#running = spawn(loader, args, { stdio: 'ignore' });
    const answers = async () => (await fetch(this.url).catch(() => null))?.ok ?? false;
    await until(answers, AbortSignal.timeout(60_000));
  }

  async stop(): Promise<void> {
    if (this.#running === undefined) return;
    const ended = once(this.#running, 'exit');
    this.#running.kill('SIGKILL');
    await ended;
    this.#running = undefined;
  }

  /** What a client of another pod is told when it logs in. */
  async loginFrom(address: string, password: string): Promise<string> {
    const body = new URLSearchParams({ username: 'admin', password });
    const url = `http://${address}:${this.#port}/api/v2/auth/login`;
    return await (await fetch(url, { method: 'POST', body })).text();
  }

  async ask(path: string, form?: Record<string, string>): Promise<string> {
    const sent = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) };
    return await (await fetch(`${this.url}/api/v2/${path}`, sent)).text();
  }

  /** The init container, with this directory for its volumes. */
  async #seed(): Promise<void> {
    for (const volume of ['config', 'data', 'seed']) await mkdir(this.#at(volume), { recursive: true });
    const settings = await readFile(join(app, 'seed/qBittorrent.conf'), 'utf8');
    await writeFile(this.#at('seed/qBittorrent.conf'), settings.replace('Port=8080', `Port=${this.#port}`));
    const script = await readFile(join(app, 'seed/seed.sh'), 'utf8');
    await run(['sh', '-c', script.replaceAll(/\/(config|data|seed)\//g, `${this.#directory}/$1/`)]);
  }

  /** The file of the package that has it. */
  async #find(name: string): Promise<string> {
    const paths = this.#trees.map((tree) => join(tree, name));
    return await Promise.any(paths.map((path) => realpath(path)));
  }

  #at = (name: string) => join(this.#directory, name);
}
