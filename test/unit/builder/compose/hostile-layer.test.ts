import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Header, pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { writeEngineTar } from '../../../../builder/compose/engine-tar.ts';
import { scanLayer } from '../../../../builder/packages/scan.ts';
import { Cache } from '../../../../host/cache.ts';
import { run } from '../../../../host/process.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const prefix = `usr/lib/cpiab/layers/${'a'.repeat(64)}`;

/** A layer with these entries, as no tool would write them. */
async function layer(entries: Partial<Header>[]) {
  const archive = pack();
  const written = pipeline(archive, createWriteStream(here('layer.tar')));
  for (const entry of entries) archive.entry(entry as Header, entry.type === undefined ? 'x' : '');
  archive.finalize();
  await written;
  return await new Cache(here('cache')).put(await readFile(here('layer.tar')));
}

const laidOut = async (entries: Partial<Header>[]) =>
  await writeEngineTar(here('engine.tar'), [], [{ prefix, tar: await layer(entries) }], 1, signal);

describe('a layer is refused when an entry', () => {
  test.each<[string, string, Partial<Header>[]]>([
    ['leads out of it', 'leads out of it', [{ name: '../evil' }]],
    ['leads out of it in the middle', 'leads out of it', [{ name: 'a/../../../evil' }]],
    ['is a device', 'is a block-device', [{ name: 'sda', type: 'block-device' }]],
    ['is a terminal', 'is a character-device', [{ name: 'tty', type: 'character-device' }]],
    ['is a pipe', 'is a fifo', [{ name: 'pipe', type: 'fifo' }]],
    [
      'is a hard link out of it',
      'links to ../../etc/shadow',
      [{ name: 'a', type: 'link', linkname: '../../etc/shadow' }],
    ],
    [
      'is a hard link to nothing',
      'links to etc/shadow, which is not there',
      [{ name: 'a', type: 'link', linkname: '/etc/shadow' }],
    ],
    [
      'is a hard link to itself',
      'links to a, which is not there',
      [{ name: 'a', type: 'link', linkname: 'a' }],
    ],
    [
      'lies below a symbolic link',
      'lies below a, which is no directory',
      [{ name: 'a', type: 'symlink', linkname: '/etc' }, { name: 'a/passwd' }],
    ],
    ['lies below a file', 'lies below a, which is no directory', [{ name: 'a' }, { name: 'a/b/c' }]],
    ['is there twice', 'a is there twice', [{ name: 'a' }, { name: './a' }]],
    ['hides the directory that it is in', 'hides nothing', [{ name: 'a/.wh.' }]],
    ['hides what is around its directory', 'hides nothing', [{ name: 'a/.wh...' }]],
    ['hides its directory', 'hides nothing', [{ name: 'a/.wh..' }]],
    [
      'has capabilities',
      'has file capabilities',
      [{ name: 'a', pax: { 'SCHILY.xattr.security.capability': 'x' } }],
    ],
  ])('%s', async (_, why, entries) => {
    const refused = await refusal(laidOut(entries));
    expect([refused.code, refused.subject]).toEqual(['E3019', `layer ${'a'.repeat(64)}`]);
    expect(refused.message).toContain(why);
  });
});

test('absolute names and links lie below the layer', async () => {
  await laidOut([
    { name: '/etc/passwd' },
    { name: '/copy', type: 'link', linkname: '/etc/passwd' },
    { name: 'etc', type: 'directory' },
    { name: 'etc', type: 'directory' },
    { name: 'out', type: 'symlink', linkname: '/etc' },
    { name: 'a\nline \'and\' "quotes" ü' },
    { name: `${'deep/'.repeat(200)}file` },
  ]);
  const { stdout } = await run(['tar', '--quoting-style=literal', '-tf', here('engine.tar')]);
  const names = stdout.trimEnd().split('\n');
  expect(names.filter((name) => !/^(?:usr(?:\/lib(?:\/cpiab(?:\/layers)?)?)?$|line )/.test(name))).toSatisfy(
    (rest: string[]) => rest.every((name) => name.startsWith(prefix)),
  );
  expect(stdout).toContain(`${prefix}/etc/passwd\n`);
});

describe('what is read of packages', () => {
  test('is nothing outside of the layer, and not lost by a strange name', async () => {
    const marked = 'Package: evil\nVersion: 1\n';
    const archive = pack();
    const written = pipeline(archive, createWriteStream(here('layer.tar')));
    archive.entry({ name: '../../var/lib/dpkg/status' }, marked);
    archive.entry({ name: '/var/lib/dpkg/status.d/__proto__' }, marked);
    archive.entry({ name: 'node_modules/__proto__/package.json' }, '{"name": "a", "version": "1"}');
    archive.entry({ name: 'etc/.wh...' }, '');
    archive.finalize();
    await written;
    const found = await scanLayer(createReadStream(here('layer.tar')));
    expect(Object.keys(found.files)).toEqual([
      'var/lib/dpkg/status.d/__proto__',
      'node_modules/__proto__/package.json',
    ]);
    expect(found.hidden).toEqual([]);
  });

  test('leaves out a description of a system that is too long to be one', async () => {
    await run(['sh', '-c', 'mkdir etc && truncate -s 1M etc/os-release && tar -cf layer.tar etc'], {
      cwd: here(),
    });
    expect((await scanLayer(createReadStream(here('layer.tar')))).system).toBeNull();
  });
});
