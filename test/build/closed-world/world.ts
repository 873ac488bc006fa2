import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { stringify } from 'yaml';
import { examineWorld } from '../../../builder/close/close.ts';
import { readSite } from '../../../builder/config/read-site.ts';
import { openBuildRoot } from '../../../builder/fetch/build-root.ts';
import { fetchKustomize } from '../../../builder/fetch/tools.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { readLock } from '../../../builder/lock/read.ts';
import type { Lock } from '../../../contract/lock.ts';
import { type BoxSite, parseBoxSite } from '../../../contract/site.ts';
import { cacheRoot } from '../../../host/cache.ts';
import { run } from '../../../host/process.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { removeTree } from '../../support/remove-tree.ts';

const here = dirname(dirname(dirname(import.meta.dirname)));

/** A copy of the repository that tests change; each begins with what is committed. */
export class WorldCopy {
  #path = '';
  #lock!: Lock;
  #site!: BoxSite;
  #tools!: Awaited<ReturnType<typeof fetchKustomize>>;
  #host!: BuildHost;

  path(...names: string[]): string {
    return join(this.#path, ...names);
  }

  async open(): Promise<void> {
    this.#path = join(await mkdtemp(join(tmpdir(), 'cpiab-close-')), 'repository');
    await run(['git', 'clone', '--quiet', here, this.#path]);
    this.#host = quietHost(this.#path, cacheRoot());
    this.#site = parseBoxSite(await readSite(this.#path, 'lab'));
    this.#lock = (await readLock(this.#path, this.#site)).lock;
    this.#tools = await fetchKustomize(await openBuildRoot(this.#site, this.#lock, this.#host), this.#host);
    await this.#git('branch', '--force', 'start');
  }

  async reset(): Promise<void> {
    await this.#git('checkout', '--quiet', '--force', 'start');
    await this.#git('clean', '-d', '--force', '--quiet');
  }

  async close(): Promise<void> {
    await removeTree(dirname(this.#path));
  }

  /** The findings when the copy is committed as it stands, as `code subject: message`. */
  async findings(): Promise<string[]> {
    await this.#git('checkout', '--quiet', '--detach');
    await this.#git('add', '--all');
    await this.#git('commit', '--quiet', '--allow-empty', '--message', 'change');
    const commit = await this.#git('rev-parse', 'HEAD');
    const about = { site: this.#site, lock: this.#lock, gitDir: this.path('.git'), commit };
    const world = await examineWorld({ ...about, ...this.#tools }, this.#host);
    return world.findings.map((found) => `${found.code} ${found.subject}: ${found.message}`);
  }

  async edit(path: string, change: (text: string) => string): Promise<void> {
    const text = await readFile(this.path(path), 'utf8');
    expect(change(text)).not.toBe(text);
    await writeFile(this.path(path), change(text));
  }

  /** Writes manifests beside a kustomization and names them there. */
  async add(folder: string, name: string, ...objects: object[]): Promise<void> {
    await writeFile(this.path(folder, name), objects.map((object) => stringify(object)).join('---\n'));
    await this.edit(`${folder}/kustomization.yaml`, (text) =>
      text.replace('resources:\n', `resources:\n  - ${name}\n`),
    );
  }

  async #git(...args: string[]): Promise<string> {
    const name = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
    return (await run(['git', '-C', this.#path, ...name, ...args])).stdout.trim();
  }
}

/** One copy for the tests of a file. */
export function worldCopy(): WorldCopy {
  const copy = new WorldCopy();
  beforeAll(() => copy.open());
  afterEach(() => copy.reset());
  afterAll(() => copy.close());
  return copy;
}
