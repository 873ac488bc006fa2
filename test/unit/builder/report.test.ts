import { appendFile, mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { findUnchanged, retractReport, writeReport } from '../../../builder/report.ts';
import type { BuildReport } from '../../../contract/build-report.ts';
import { sha256File } from '../../../host/files.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
const head = { commit: 'c'.repeat(40), revision: 'c'.repeat(40), sequence: 7, gitDir: '/' };
const inputs = `sha256:${'1'.repeat(64)}`;
let report: BuildReport;

/** A past build: an ISO and a bundle, both a minute old, and the report on them, half a minute old. */
beforeEach(async () => {
  await mkdir(here('bundle', 'blobs'), { recursive: true });
  for (const name of ['lab.iso', 'bundle/manifest.json', 'bundle/blobs/one', 'bundle/blobs', 'bundle']) {
    if (!name.endsWith('s') && name !== 'bundle') await writeFile(here(name), `content of ${name}`);
    await utimes(here(name), Date.now() / 1000 - 60, Date.now() / 1000 - 60);
  }
  const artifact = async (name: string, file = name) => {
    const { sha256, size } = await sha256File(here(file));
    return { name, size, digest: `sha256:${sha256}`, tookMs: 1 };
  };
  report = await writeReport(here(), {
    site: 'lab',
    revision: head.revision,
    sequence: head.sequence,
    inputs,
    key: 'K',
    artifacts: [await artifact('bundle', 'bundle/manifest.json'), await artifact('lab.iso')],
    stages: [],
  });
  await utimes(here('build-report.json'), Date.now() / 1000 - 30, Date.now() / 1000 - 30);
});

const find = (asked = inputs, at = head) => findUnchanged(here(), asked, at);
const soon = () => Date.now() / 1000 + 60;

describe('an earlier build', () => {
  test('stands when nothing changed', async () => {
    expect(await find()).toEqual({ ...report, unchanged: true });
  });

  test('does not stand for other inputs, nor for a tree with changes', async () => {
    expect(await find(`sha256:${'2'.repeat(64)}`)).toBeNull();
    expect(await find(inputs, { ...head, revision: `${head.commit}-dirty` })).toBeNull();
  });

  test.each<[string, () => Promise<void>]>([
    ['a medium is gone', () => rm(here('lab.iso'))],
    ['a medium is shorter', () => truncate(here('lab.iso'), 3)],
    ['a medium was written since', () => utimes(here('lab.iso'), soon(), soon())],
    ['the bundle is gone', () => rm(here('bundle'), { recursive: true })],
    ['a blob was written since', () => utimes(here('bundle/blobs/one'), soon(), soon())],
    ['a blob came or went', () => utimes(here('bundle/blobs'), soon(), soon())],
    ['a link leads nowhere', () => symlink('/nowhere', here('bundle/blobs/link'))],
    ['the bundle is of another build', () => appendFile(here('bundle/manifest.json'), ' ')],
    ['the report is no report', () => writeFile(here('build-report.json'), '{}')],
    ['the report is cut off', () => truncate(here('build-report.json'), 100)],
    ['the report was retracted', () => retractReport(here())],
  ])('does not stand when %s', async (_, change) => {
    await change();
    expect(await find()).toBeNull();
  });

  test('does not stand when the bundle is of another build, of any age', async () => {
    await writeFile(here('bundle/manifest.json'), 'other');
    await utimes(here('bundle/manifest.json'), 1, 1);
    expect(await find()).toBeNull();
  });
});
