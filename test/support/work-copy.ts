import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../host/process.ts';
import type { Work } from './bad-commits/bad-commit.ts';
import { removeTree } from './remove-tree.ts';

const here = join(import.meta.dirname, '..', '..');
const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];

/** A repository with what this one gives to Flux, and a work tree that a test may spoil. */
export class WorkCopy implements Work {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<WorkCopy> {
    const copy = new WorkCopy(await mkdtemp(join(tmpdir(), 'cpiab-work-')));
    await copy.git('init', '--quiet', '--initial-branch=main');
    for (const folder of ['bundles', 'cluster', 'config/clusters', 'images/oci', 'synology'])
      await cp(join(here, folder), copy.path(folder), { recursive: true });
    await copy.commit('first');
    return copy;
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  async edit(path: string, change: (text: string) => string): Promise<void> {
    const text = await readFile(this.path(path), 'utf8');
    if (change(text) === text) throw new Error(`nothing changed in ${path}`);
    await writeFile(this.path(path), change(text));
  }

  async git(...args: string[]): Promise<string> {
    return (await run(['git', '-C', this.root, ...who, ...args])).stdout.trim();
  }

  async commit(message: string): Promise<void> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', message);
  }

  /** Back to what is committed. */
  async reset(): Promise<void> {
    await this.git('checkout', '--quiet', '--force', '.');
    await this.git('clean', '-d', '--force', '--quiet');
  }

  async remove(): Promise<void> {
    await removeTree(this.root);
  }
}
