import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keysDirectory } from '../../../builder/bundle/keys.ts';
import { cacheRoot } from '../../../host/cache.ts';
import { run } from '../../../host/process.ts';
import { cpiab } from '../../boot/support/lab.ts';
import { removeTree } from '../../support/remove-tree.ts';

const repository = resolve(import.meta.dirname, '../../..');
const kinds = ['--only', 'iso,tarball,qcow2'];
const media = ['cpiab-lab.iso', 'cpiab-lab.tar.zst', 'cpiab-lab.qcow2'];

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-repro-'));
});
afterAll(() => removeTree(scratch));

/** A machine's worth of isolation: where the tree lies, what its cache has made, and who calls. */
interface Place {
  tree: string;
  cache: string;
  env: Record<string, string>;
  /** What stands before the command. */
  before: string[];
}

/**
 * A clone of the repository with a cache that has only what was downloaded and compiled: everything else is
 * made again. (What the compiler gives from an empty cache is compared by hand, as it takes half an hour.)
 */
async function place(
  name: string,
  env: Record<string, string>,
  before: string[],
  origin = repository,
): Promise<Place> {
  const tree = join(scratch, name, 'work tree');
  const cache = join(scratch, name, 'cache');
  await mkdir(join(cache, 'products'), { recursive: true });
  await run(['git', 'clone', '--quiet', '--no-hardlinks', origin, tree]);
  await run(['cp', '--archive', join(repository, 'node_modules'), tree]);
  for (const part of ['blobs', 'go', 'products/go'])
    await run(['cp', '--archive', '--link', join(cacheRoot(), part), join(cache, part)]);
  const config = join(keysDirectory('lab'), '..', '..', '..');
  return { tree, cache, before, env: { XDG_CONFIG_HOME: config, CPIAB_CACHE: cache, ...env } };
}

async function buildAt({ tree, env, before }: Place, out: string): Promise<void> {
  const argv = [process.execPath, join(tree, 'cli', 'main.ts'), 'build', 'lab', '--out', out, ...kinds];
  await run([...before, ...argv], { cwd: tree, env });
}

/** Nothing, or what in them differs. */
async function differences(one: string, other: string): Promise<string> {
  for (const name of media) {
    const same = await run(['cmp', join(one, name), join(other, name)]).catch(() => null);
    if (same === null)
      return `${name} differs\n${await cpiab('diff', join(one, 'bundle'), join(other, 'bundle'), '--deep')}`;
  }
  return '';
}

describe('two builds of one commit', () => {
  let here: Place;
  beforeAll(async () => {
    here = await place('here', { TZ: 'UTC', LC_ALL: 'C.UTF-8', HOME: homedir() }, ['taskset', '-c', '0,1']);
    await buildAt(here, join(scratch, 'one'));
  });

  test('are the same by another path, home, umask, locale, time zone and number of processors', async () => {
    const env = { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', HOME: scratch };
    const before = ['taskset', '-c', '1', 'sh', '-c', 'umask 077; exec "$@"', 'sh'];
    const there = await place('a place of another name', env, before, here.tree);
    await buildAt(there, join(scratch, 'other'));
    expect(await differences(join(scratch, 'one'), join(scratch, 'other'))).toBe('');
    await rm(there.cache, { recursive: true });
  });

  test('that differ are told apart by the file, and where in it', async () => {
    const changed = join(here.tree, 'images/os/files/usr/lib/cpiab/data');
    const text = await readFile(changed, 'utf8');
    await writeFile(changed, text.replace('#!/bin/bash\n', '#!/bin/bash\n#\n'));
    await run(['git', '-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-qam', 'change'], {
      cwd: here.tree,
    });
    await buildAt(here, join(scratch, 'changed'));
    const [one, other] = ['one', 'changed'].map((name) => join(scratch, name, 'bundle'));
    const found = JSON.parse(await cpiab('diff', one ?? '', other ?? '', '--deep', '--json')) as {
      inside: { on: string; path: string; what: string[] }[];
    };
    expect(found.inside).toContainEqual({
      on: 'live/10-os.squashfs',
      path: '/usr/lib/cpiab/data',
      what: [`size ${Buffer.byteLength(text)} → ${Buffer.byteLength(text) + 2}`, 'content from byte 13'],
    });
    expect(found.inside.filter(({ on }) => on === 'live/10-os.squashfs')).toHaveLength(1);
  });
});
