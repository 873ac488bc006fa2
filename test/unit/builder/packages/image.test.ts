import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { imageComponents } from '../../../../builder/packages/image.ts';
import { scanLayer } from '../../../../builder/packages/scan.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const path = freshDirectory();

/** A layer with these files, as `tar` packs a directory. */
async function layer(name: string, files: Record<string, string>) {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(path(name, file)), { recursive: true });
    await writeFile(path(name, file), text, { mode: file.startsWith('bin/') ? 0o755 : 0o644 });
  }
  execFileSync('tar', ['--create', '--file', path(`${name}.tar`), '--directory', path(name), '.']);
  return createReadStream(path(`${name}.tar`));
}

const deb = (name: string, version: string) =>
  `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\nArchitecture: amd64\n\n`;
const python = (name: string) => `Name: ${name}\nVersion: 1.0\n`;

test('an image has what its topmost layers say, without what they hide', async () => {
  const base = await scanLayer(
    await layer('base', {
      'var/lib/dpkg/status': deb('libc6', '2.41-11') + deb('curl', '8.14'),
      'etc/os-release': 'ID=debian\nVERSION_ID="13"\n',
      'usr/lib/python3/dist-packages/gone-1.0.dist-info/METADATA': python('gone'),
      'opt/app/node_modules/left-pad/package.json': '{"name":"left-pad","version":"1.3.0","license":"WTFPL"}',
      'opt/old/node_modules/hidden/package.json': '{"name":"hidden","version":"1.0.0"}',
      'bin/script': '#!/bin/sh\n# \xff Go buildinf:\n',
    }),
  );
  const top = await scanLayer(
    await layer('top', {
      'var/lib/dpkg/status': deb('libc6', '2.41-12'),
      'usr/lib/python3/dist-packages/.wh.gone-1.0.dist-info': '',
      'opt/old/.wh..wh..opq': '',
    }),
  );
  const components = imageComponents([{ reference: 'ghcr.io/a/b:1', layers: [base, top] }]);
  expect(components.map(({ purl }) => purl)).toEqual([
    'pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13',
    'pkg:npm/left-pad@1.3.0',
  ]);
});

test('a package of two images is named once, with both; an odd licence is not asserted', async () => {
  const one = await scanLayer(
    await layer('one', {
      'opt/node_modules/x/package.json': '{"name":"x","version":"1.0.0","license":"SEE LICENSE IN x"}',
    }),
  );
  const images = ['a.test/a:1', 'a.test/b:1'].map((reference) => ({ reference, layers: [one] }));
  expect(imageComponents(images)).toEqual([
    {
      name: 'x',
      version: '1.0.0',
      purl: 'pkg:npm/x@1.0.0',
      licence: 'NOASSERTION',
      in: ['a.test/a:1', 'a.test/b:1'],
    },
  ]);
});
