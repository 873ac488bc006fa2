import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readYaml } from '../../../../builder/config/read-yaml.ts';
import { BundleSetSchema } from '../../../../contract/bundle-set.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';

const path = freshDirectory();
const set = {
  apiVersion: 'cpiab.dev/v1',
  kind: 'BundleSet',
  name: 'x',
  title: 'x',
  images: [],
  programs: [],
  apps: [],
};

async function read(changes: object) {
  await writeFile(path('x.yaml'), stringify({ ...set, ...changes }));
  return await readYaml(path('x.yaml'), BundleSetSchema, 'x.yaml');
}

test('files come over TLS, from this machine, or with a digest', async () => {
  const files = [
    { url: 'https://example.org/a', path: 'tools/a-1.2+b' },
    { url: 'http://127.0.0.1:8080/b', path: 'b' },
    { url: 'http://example.org/c', path: 'c', sha256: 'c'.repeat(64) },
  ];
  expect((await read({ files })).content.files).toEqual(files);
});

test.each([
  [
    'a file without TLS or digest',
    { files: [{ url: 'http://example.org/a', path: 'a' }] },
    'files[0].url: expected an https address, or sha256 beside it, found "http',
  ],
  [
    'a password in an address',
    { files: [{ url: 'https://a:b@example.org/a', path: 'a' }] },
    'files[0].url: expected an https address without a password, found',
  ],
  [
    'a way out of the folder',
    { files: [{ url: 'https://example.org/a', path: 'a/../b' }] },
    'files[0].path: expected a name such as tools/kubectl',
  ],
  [
    'an absolute path',
    { files: [{ url: 'https://example.org/a', path: '/etc/a' }] },
    'files[0].path: expected a name',
  ],
  [
    'a repository without TLS',
    { git: [{ url: 'http://example.org/a', ref: 'main' }] },
    'git[0].url: expected an https or ssh address, found',
  ],
  [
    'an option instead of a branch',
    { git: [{ url: 'https://example.org/a', ref: '--upload-pack=x' }] },
    'git[0].ref: expected a branch, a tag or a commit',
  ],
  [
    'an image without its registry',
    { images: ['team/app:1'] },
    'images[0]: expected a recipe or a full reference',
  ],
  [
    'a chart without a version',
    { charts: ['ghcr.io/team/charts/web'] },
    'charts[0]: expected a full reference',
  ],
])('%s is a mistake at its place', async (_, changes, expected) => {
  const refused = await refusal(read(changes));
  expect(refused.toText()).toMatch(/^CPIAB-E1002 x\.yaml:\d+:\d+ /);
  expect(refused.toText()).toContain(expected);
});
