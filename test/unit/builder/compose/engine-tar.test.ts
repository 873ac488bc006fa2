import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { type EngineEntry, writeEngineTar } from '../../../../builder/compose/engine-tar.ts';
import { Cache } from '../../../../host/cache.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const epoch = 1_763_000_000;
const { signal } = new AbortController();
const prefix = `usr/lib/cpiab/layers/${'a'.repeat(64)}`;
/** Longer than a tar header's two name fields hold, so that it needs a pax header. */
const long = `${'deep/'.repeat(60)}file`;

let cache: Cache;
beforeEach(async () => {
  cache = new Cache(here('cache'));
  await mkdir(here('tree'));
});

const tar = (...args: string[]) =>
  execFileSync('tar', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });

/** A layer packed by GNU tar from a tree that the shell makes. */
async function layer(script: string, ...flags: string[]) {
  execFileSync('sh', ['-euc', script], { cwd: here('tree') });
  tar(
    '-C',
    here('tree'),
    '--sort=name',
    '--format=pax',
    '--numeric-owner',
    '-cf',
    here('layer.tar'),
    ...flags,
    '.',
  );
  return await cache.put(await readFile(here('layer.tar')));
}

/** What GNU tar lists of the engine's tar: `mode owner/group size date time path`, one a line. */
async function listed(
  entries: EngineEntry[],
  layers: Parameters<typeof writeEngineTar>[2],
): Promise<string[]> {
  await writeEngineTar(here('engine.tar'), entries, layers, epoch, signal);
  return tar('--numeric-owner', '-tvf', here('engine.tar'))
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '));
}

describe('the tar of module 20-engine', () => {
  test('has programs and links owned by root, below their directories, all at one time', async () => {
    const file = await cache.put('#!/bin/true\n');
    expect(
      await listed(
        [
          { path: 'usr/lib/cpiab/bin/ctr', file },
          { path: 'usr/bin/kubectl', symlink: '../lib/cpiab/kube' },
        ],
        [],
      ),
    ).toEqual([
      'drwxr-xr-x 0/0 0 2025-11-13 02:13 usr',
      'drwxr-xr-x 0/0 0 2025-11-13 02:13 usr/bin',
      'drwxr-xr-x 0/0 0 2025-11-13 02:13 usr/lib',
      'drwxr-xr-x 0/0 0 2025-11-13 02:13 usr/lib/cpiab',
      'drwxr-xr-x 0/0 0 2025-11-13 02:13 usr/lib/cpiab/bin',
      '-rwxr-xr-x 0/0 12 2025-11-13 02:13 usr/lib/cpiab/bin/ctr',
      'lrwxrwxrwx 0/0 0 2025-11-13 02:13 usr/bin/kubectl -> ../lib/cpiab/kube',
    ]);
  });

  test("keeps a layer's owners, modes and links, all below the layer's own directory", async () => {
    const packed = await layer(
      `
      mkdir -p data usr/bin; chmod 1777 data; echo x > usr/bin/tool
      chmod 4755 usr/bin/tool
      ln usr/bin/tool usr/bin/tool-2; ln -s /usr/bin/tool absolute`,
      '--owner=655',
      '--group=655',
    );
    const lines = await listed([], [{ prefix, tar: packed }]);
    expect(
      lines.filter((line) => line.includes(`${prefix}/`)).map((line) => line.replaceAll(prefix, 'L')),
    ).toEqual([
      'lrwxrwxrwx 655/655 0 2025-11-13 02:13 L/absolute -> /usr/bin/tool',
      'drwxrwxrwt 655/655 0 2025-11-13 02:13 L/data',
      'drwxr-xr-x 655/655 0 2025-11-13 02:13 L/usr',
      'drwxr-xr-x 655/655 0 2025-11-13 02:13 L/usr/bin',
      '-rwsr-xr-x 655/655 2 2025-11-13 02:13 L/usr/bin/tool',
      'hrwsr-xr-x 655/655 0 2025-11-13 02:13 L/usr/bin/tool-2 link to L/usr/bin/tool',
    ]);
    for (const line of lines) expect(line).toContain('2025-11-13 02:13');
  });

  test('keeps long and foreign names below it too, though pax headers carry them', async () => {
    const packed = await layer(
      `mkdir -p ${long.slice(0, -5)}; echo x > ${long}; ln ${long} hard; echo y > 'naïve ☃'`,
    );
    const lines = await listed([], [{ prefix, tar: packed }]);
    const names = tar('--quoting-style=literal', '-tf', here('engine.tar')).trimEnd().split('\n');
    expect(names.filter((name) => !name.startsWith(prefix) && !prefix.startsWith(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining([`${prefix}/${long}`, `${prefix}/naïve ☃`]));
    expect(lines.find((line) => line.startsWith('h'))).toMatch(/ link to usr\/lib/);
  });

  test('is what sqfstar accepts, and each path is in it once', async () => {
    const packed = await layer('mkdir -p usr/bin; echo x > usr/bin/tool; ln usr/bin/tool hard');
    const other = { prefix: prefix.replace(/a$/, 'b'), tar: packed };
    const lines = await listed([], [{ prefix, tar: packed }, other]);
    const paths = lines.map((line) => line.split(' ')[5]?.replace(/\/$/, ''));
    expect(new Set(paths).size).toBe(paths.length);
    execFileSync('sh', [
      '-c',
      'exec sqfstar -quiet -no-progress "$1" < "$2"',
      'sh',
      here('m.sqfs'),
      here('engine.tar'),
    ]);
    const inside = execFileSync('unsquashfs', ['-lc', here('m.sqfs')], { encoding: 'utf8' });
    expect(inside).toContain(`${other.prefix}/usr/bin/tool`);
  });

  test('is the same each time', async () => {
    const packed = await layer('mkdir -p a; echo x > a/b');
    await listed([], [{ prefix, tar: packed }]);
    const first = await readFile(here('engine.tar'));
    await listed([], [{ prefix, tar: packed }]);
    expect(first.equals(await readFile(here('engine.tar')))).toBe(true);
  });

  test('shows whiteouts as overlayfs does: a device for what is gone, a mark where nothing below is seen', async () => {
    const packed = await layer('mkdir -p etc/new var; touch etc/.wh.motd etc/new/.wh..wh..opq var/kept');
    const lines = await listed([], [{ prefix, tar: packed }]);
    expect(lines.find((line) => line.endsWith(`${prefix}/etc/motd`))).toMatch(/^c[rw-]{9} .* 0,0 /);
    expect(lines.join('\n')).not.toContain('.wh.');
    const marked = tar('--xattrs', '--xattrs-include=*', '-tvvf', here('engine.tar'));
    expect(marked).toMatch(/\/etc\/new\n\s+x: +1 trusted\.overlay\.opaque\n/);
    expect(marked.match(/trusted\.overlay/g)).toHaveLength(1);
  });

  test.each([
    ['leaves its directory', 's,^./evil,../evil,'],
    ['links out of it', 'flags=h;s,^./usr/good,../../outside,'],
  ])('refuses a layer of which an entry %s', async (_, transform) => {
    symlinkSync('/', here('tree', 'unused'));
    writeFileSync(here('tree', 'evil'), '');
    const packed = await layer(
      'mkdir usr; echo x > usr/good; ln usr/good zz',
      '-P',
      `--transform=${transform}`,
    );
    await expect(listed([], [{ prefix, tar: packed }])).rejects.toThrow(/^cannot be laid out/);
  });

  test('fails, rather than being short, on a layer that is cut off', async () => {
    const packed = await layer('head -c 5000 /dev/zero > file');
    const bytes = await readFile(packed.path);
    const cut = await cache.put(bytes.subarray(0, 3000));
    await expect(listed([], [{ prefix, tar: cut }])).rejects.toThrow();
  });
});
