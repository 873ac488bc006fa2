import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Seen } from '../../../builder/audit/check.ts';
import { licencesOf } from '../../../builder/audit/licences.ts';
import { readSeen } from '../../../builder/audit/sequence.ts';
import { previousDigest } from '../../../builder/bundle/previous.ts';
import { openMedium } from '../../../builder/verify/open.ts';
import { type AuditReport, AuditReportSchema, auditChecks } from '../../../contract/audit.ts';
import { mediaTypes } from '../../../contract/layout.ts';
import { Cache, type CachedFile } from '../../../host/cache.ts';
import { app, audit, auditedBundle, findings, images, NOW } from '../../support/audit.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { bundleOfImages, lockFor, type TinyBundle, tinyBundle } from '../../support/tiny-bundle.ts';

const path = freshDirectory();
let bundle: TinyBundle;
beforeEach(async () => {
  bundle = await auditedBundle(path());
});

const row = (report: AuditReport, name: string) => report.checks.find((found) => found.name === name);

test('a good bundle passes every check, each with what was seen', async () => {
  const { report, problems } = await audit(bundle);
  expect(problems).toEqual([]);
  expect(AuditReportSchema.parse(report)).toEqual(report);
  expect(report).toMatchObject({
    verified: true,
    at: NOW,
    key: { name: bundle.key.name, chain: [] },
    bundle: { site: 'harbour', sequence: 7, revision: '7'.repeat(40) },
  });
  expect(report.checks.map(({ name }) => name)).toEqual([...auditChecks]);
  const results = Object.fromEntries(report.checks.map(({ name, result }) => [name, result]));
  expect(results).toEqual({
    ...Object.fromEntries(auditChecks.map((name) => [name, 'passed'])),
    seal: 'not checked',
    sequence: 'not checked',
  });
  expect(row(report, 'sbom')).toMatchObject({ evidence: 'SPDX 2.3, 3 parts with 2 packages', count: 6 });
  expect(row(report, 'provenance')?.evidence).toBe('SLSA v1, 5 subjects, 6 materials');
  expect(row(report, 'lock')?.digest).toBe(
    JSON.parse(await readFile(`${bundle.directory}/manifest.json`, 'utf8')).lock,
  );
});

test('charts and files that others published are held against lock, bill of materials and provenance too', async () => {
  const cache = new Cache(path('cache'));
  const put = (text: string) => cache.put(text);
  const [config, content, file] = [await put('{}'), await put('a chart'), await put('a file')];
  const described = ({ sha256, size }: CachedFile) => ({ digest: `sha256:${sha256}`, size });
  const manifest = await put(JSON.stringify({ config: described(config), layers: [described(content)] }));
  const digest = `sha256:${manifest.sha256}` as const;
  const chart = { reference: 'ghcr.io/team/chart:1.0.0', digest, size: 9 };
  const locked = { path: 'bin/tool', url: 'https://example.org/tool', sha256: file.sha256, size: file.size };
  const published = await bundleOfImages(path(), 'published', {
    sequence: 7,
    lock: { ...lockFor([]), charts: [chart], files: [locked] },
    images: [],
    charts: [
      {
        reference: chart.reference,
        manifest: { file: manifest, mediaType: mediaTypes.manifest },
        config,
        layers: [content],
        content,
      },
    ],
    files: [{ path: locked.path, file }],
    cache,
  });
  const { report, problems } = await audit(published);
  expect(problems).toEqual([]);
  expect(row(report, 'sbom')?.evidence).toBe('SPDX 2.3, 3 parts with 0 packages');
  expect(row(report, 'lock')?.evidence).toMatch(/2 parts that others published/);
});

test('nothing is read of a bundle that another key has signed', async () => {
  await writeFile(`${bundle.directory}/manifest.json`, '{ not json');
  const { report, problems } = await audit(bundle);
  expect(problems.map(({ code }) => code)).toEqual(['E2101']);
  expect(report).toMatchObject({ verified: false, key: null, bundle: null });
  expect(report.checks.map(({ result }) => result)).toEqual([
    'failed',
    ...auditChecks.slice(1).map(() => 'not checked'),
  ]);
});

describe('what the lock pins', () => {
  test('has to be in the bundle: a published image of another digest is found', async () => {
    const digest = `sha256:${'e'.repeat(64)}` as const;
    const upstream = [{ reference: app, digest, manifest: digest, size: 1 }];
    const lock = { ...lockFor(Object.keys(images)), upstream };
    const { problems } = await audit(await tinyBundle(path(), 'other', { sequence: 7, images, lock }));
    expect(problems.map(({ code, subject }) => [code, subject])).toEqual([['E2122', app]]);
  });

  test('has to be described, and nothing else: a Debian package more or less, or of other content', async () => {
    const about = async (change: (sbom: { packages: { name: string }[] }) => void) =>
      (await findings(path(), bundle, { documents: { sbom: change } })).problems.map(({ code, message }) => [
        code,
        message,
      ]);
    const git = (sbom: { packages: { name: string }[] }) =>
      sbom.packages.find(({ name }) => name === 'git') as unknown as {
        checksums: { checksumValue: string }[];
        externalRefs: { referenceLocator: string }[];
      };
    expect(
      await about((sbom) => {
        for (const checksum of git(sbom).checksums) checksum.checksumValue = 'f'.repeat(64);
      }),
    ).toEqual([['E2121', expect.stringMatching(/git@.* is described with another digest/)]]);
    expect(
      await about((sbom) => {
        for (const ref of git(sbom).externalRefs) ref.referenceLocator = 'pkg:deb/debian/git@9?arch=amd64';
      }),
    ).toEqual([
      ['E2121', expect.stringMatching(/git@1.* is locked, but not described/)],
      ['E2121', expect.stringMatching(/git@9.* is described, but not locked/)],
    ]);
  });
});

test('each damage is named, and the other checks go on', async () => {
  const manifest = JSON.parse(await readFile(`${bundle.directory}/manifest.json`, 'utf8'));
  const layers = manifest.blobs.filter(({ role }: { role: string }) => role === 'image-layer');
  for (const { digest } of layers)
    await writeFile(`${bundle.directory}/blobs/sha256/${digest.slice(7)}`, 'damaged');
  await writeFile(`${bundle.directory}/extra`, 'extra');
  const { report, problems } = await audit(bundle);
  expect(problems.map(({ code }) => code).toSorted()).toEqual([
    // A layer is there by two names: in the layout and in the registry's view.
    ...['E2103', 'E2103', 'E2103', 'E2103'],
    'E2104',
  ]);
  expect(row(report, 'provenance')?.result).toBe('passed');
});

describe('the clock', () => {
  const codes = async (now: number) => (await audit(bundle, { now })).problems.map(({ code }) => code);
  test('has to be before the expiry', async () => expect(await codes(NOW + 366 * 86_400)).toEqual(['E2108']));
  test('has to be right: before its packages, nobody can tell', async () =>
    expect(await codes(0)).toEqual(['E2112']));
  test('may be some hours off', async () => expect(await codes(1_763_000_000 - 3600)).toEqual([]));
});

describe('what was seen before', () => {
  const codes = async (after: Seen) => (await audit(bundle, { after })).problems.map(({ code }) => code);
  test('may be the same', async () =>
    expect(await codes({ site: 'harbour', sequence: 7, manifest: null })).toEqual([]));
  test('may not be newer', async () =>
    expect(await codes({ site: null, sequence: 8, manifest: null })).toEqual(['E2125']));
  test('has to be of the same site', async () =>
    expect(await codes({ site: 'lab', sequence: 1, manifest: null })).toEqual(['E2126']));
});

test('that a bundle names another as the one before is seen by who has the manifest or a report of that', async () => {
  const before = join(bundle.directory, 'manifest.json');
  const previous = await previousDigest(before, { site: 'harbour', sequence: 8 });
  const next = await tinyBundle(path(), 'next', { sequence: 8, images, previous });
  await writeFile(path('report.json'), JSON.stringify((await audit(bundle)).report));
  for (const file of [before, path('report.json')]) {
    const { report } = await audit(next, { after: await readSeen(file) });
    expect(row(report, 'sequence')).toMatchObject({
      result: 'passed',
      evidence: '8, not older than 7, which it names as the one before',
    });
  }
  for (const wrong of [
    { site: 'harbour', sequence: 7 },
    { site: 'lab', sequence: 8 },
  ])
    expect((await refusal(previousDigest(before, wrong))).code).toBe('E1081');
});

test('licences are counted by those that packages name, own ones by their name', async () => {
  const own = { id: 'LicenseRef-odd-1', name: 'odd', text: 'As is.' };
  const component = (name: string, licence: string) => ({
    name,
    version: '1',
    purl: `pkg:npm/${name}@1`,
    licence,
    ownLicences: licence.includes(own.id) ? [own] : [],
    in: [app],
  });
  const components = [component('a', 'MIT AND (ISC OR LicenseRef-odd-1)'), component('b', 'MIT')];
  const licensed = await tinyBundle(path(), 'licensed', { sequence: 7, images, components });
  const medium = await openMedium(licensed.directory, new AbortController().signal);
  const { licences, packages } = await licencesOf({ medium, manifest: licensed.manifest });
  expect(licences.map(({ licence, packages: users }) => [licence, users.length])).toEqual([
    ['MIT', 2],
    ['ISC', 1],
    ['NOASSERTION', 1],
    ['odd (own text)', 1],
  ]);
  expect(packages).toHaveLength(3);
  expect((await audit(licensed)).problems).toEqual([]);
});
