import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSite } from '../../../../builder/config/read-site.ts';
import { CpiabError } from '../../../../contract/errors.ts';

const FILE = 'config/clusters/lab.yaml';
const HEAD = 'apiVersion: cpiab.dev/v1\nkind: Site\nname: lab\n';
let repository: string;

beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), 'cpiab-site-'));
  await put('bundles/core.yaml', '');
});
afterEach(() => rm(repository, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(repository, path)), { recursive: true });
  await writeFile(join(repository, path), text);
}

/** Every mistake found in a site with this text, as its first line of text. */
async function mistakesIn(text: string, name = 'lab'): Promise<string[]> {
  await put(FILE, text);
  const error = await readSite(repository, name).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error === null) return [];
  expect(error).toBeInstanceOf(CpiabError);
  const { others } = error as CpiabError;
  return [error as CpiabError, ...others].map(
    (each) => each.toText().split('\nCPIAB')[0]?.replace('\n', ' ') ?? '',
  );
}

test('the committed site is read, with its defaults', async () => {
  const site = await readSite(dirname(dirname(dirname(dirname(import.meta.dirname)))), 'lab');
  expect(site).toMatchObject({ name: 'lab', supply: 'source', engine: { kind: 'kubeadm' } });
});

describe('a mistake', () => {
  const site = (lines: string) => `${HEAD}${lines}`;

  test('unknown key: the place, and the nearest valid key', async () => {
    const [mistake] = await mistakesIn(site('engine: {version: v1.36.3}\nbundel:\n  validDays: 9\n'));
    expect(mistake).toMatch(
      /^CPIAB-E1001 config\/clusters\/lab\.yaml:5:1 bundel: unknown key hint: did you mean bundle\? Valid keys here: apiVersion, backup, bundle, /,
    );
  });

  test('unknown key below another: the keys that are valid there', async () => {
    const [mistake] = await mistakesIn(site('engine:\n  version: v1.36.3\n  colour: red\n'));
    expect(mistake).toBe(
      `CPIAB-E1001 ${FILE}:6:3 engine.colour: unknown key hint: valid keys here: highAvailability, kind, release, version`,
    );
  });

  test.each([
    ['engine:\n  version: 1.36\n', '5:12 engine.version: expected text in quotes, found 1.36'],
    [
      'engine: {version: latest}\n',
      '4:19 engine.version: expected a version such as v1.36.3, found "latest"',
    ],
    [
      'engine: {version: v1.36.3, kind: rke}\n',
      '4:34 engine.kind: expected one of kubeadm, k3s, found "rke"',
    ],
    [
      'engine: {version: v1.36.3}\nmedia:\n  - iso\n  - usb\n',
      '7:5 media[1]: expected one of iso, tarball, raw, qcow2, raw.zst, found "usb"',
    ],
    ['engine: {version: v1.36.3}\nmedia: iso\n', '5:8 media: expected a list, found "iso"'],
    ['engine: []\n', '4:9 engine: expected a mapping, found a list'],
    [
      'engine: {version: v1.36.3}\nnetwork: {podCIDR: 10.42.0.0}\n',
      '5:20 network.podCIDR: expected an IPv4 network such as 10.42.0.0/16, found "10.42.0.0"',
    ],
    [
      'engine: {version: v1.36.3}\nbundle: {validDays: 0}\n',
      '5:21 bundle.validDays: expected at least 1 day, found 0',
    ],
    [
      'engine: {version: v1.36.3}\nvolumeSize: 1000kB\n',
      '5:13 volumeSize: expected a size of at least 1MiB, such as 4GB, found "1000kB"',
    ],
    [
      'engine: {version: v1.36.3}\nregistries: {quay.io: {mirrors: ["http://mirror.example"]}}\n',
      '5:34 registries.quay.io.mirrors[0]: expected an https address, or an http one of this machine, found "http://mirror.example"',
    ],
    [
      'engine: {version: v1.36.3}\nbundles: [core, cor]\n',
      '5:17 bundles[1]: expected one of core, found "cor"',
    ],
  ])('wrong value: %j', async (lines, expected) => {
    expect((await mistakesIn(site(lines)))[0]).toContain(`CPIAB-E1002 ${FILE}:${expected} hint: `);
  });

  test('missing key: the place it belongs to', async () => {
    expect((await mistakesIn(site('engine:\n  kind: kubeadm\n')))[0]).toContain(
      `CPIAB-E1003 ${FILE}:4:1 engine: the key version is missing, expected text in quotes hint: `,
    );
  });

  test('overlapping networks', async () => {
    const [mistake] = await mistakesIn(
      site('engine: {version: v1.36.3}\nnetwork:\n  serviceCIDR: 10.42.0.0/24\n'),
    );
    expect(mistake).toContain(
      `CPIAB-E1014 ${FILE}:6:16 network.serviceCIDR: overlaps with podCIDR 10.42.0.0/16`,
    );
  });

  test('all of them are told in one run, in the order of the file', async () => {
    const found = await mistakesIn(
      site('nettwork: {}\nengine:\n  kid: x\n  version: 1\nbundle: {validDays: x}\n'),
    );
    expect(found.map((mistake) => /yaml:(\d+)/.exec(mistake)?.[1])).toEqual(['4', '6', '7', '8']);
  });

  test.each([
    ['a: [\n', `${FILE}:2:1: not valid YAML: `],
    ['a: "x\n', `${FILE}:2:1: not valid YAML: `],
    ['a: !secret x\n', `${FILE}:1:4: not valid YAML: `],
  ])('not YAML: %j', async (text, expected) => {
    expect((await mistakesIn(text))[0]).toContain(`CPIAB-E1007 ${expected}`);
  });

  test('an empty file', async () => {
    expect((await mistakesIn(''))[0]).toContain(`CPIAB-E1034 ${FILE}: empty`);
  });

  test('another name inside', async () => {
    expect((await mistakesIn(`${HEAD.replace('lab', 'home')}engine: {version: v1.36.3}\n`))[0]).toContain(
      'CPIAB-E1012',
    );
  });

  test('valid, but not to be built by this version', async () => {
    const lines = 'supply: upstream\nengine: {version: v1.36.3}\n';
    expect((await mistakesIn(site(lines)))[0]).toContain('CPIAB-E1011');
  });

  test.each([
    ['media: [iso, tarball]\n', 'has no box to boot, so no iso: the site has no engine'],
    [
      'media: [raw, qcow2]\nengine: {kind: k3s, version: v1.36.3+k3s1}\n',
      'has no box to boot, so no raw, qcow2: no box runs engine k3s yet',
    ],
  ])('a medium that boots, of a site without a box: %j', async (lines, expected) => {
    expect((await mistakesIn(site(lines)))[0]).toContain(`CPIAB-E1080 ${FILE}: ${expected}`);
  });

  test.each([
    ['{kind: k3s, version: v1.36.3}', 'engine.version: expected a version such as v1.36.3+k3s1'],
    ['{version: v1.36.3, release: https://a.example/}', 'engine.release: expected nothing'],
    ['{kind: k3s, version: v1.36.3+k3s1, release: http://a.example/}', 'expected an https address'],
  ])('an engine %s', async (engine, expected) => {
    expect((await mistakesIn(site(`engine: ${engine}\n`))).join()).toContain(expected);
  });

  test.each(['home', '../clusters/lab', ''])('no such site: %j', async (name) => {
    expect((await mistakesIn(site('engine: {version: v1.36.3}\n'), name))[0]).toContain(
      `CPIAB-E1009 ${name}: no such site; known: lab`,
    );
  });
});
