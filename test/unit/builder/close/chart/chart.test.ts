import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { unpackChart } from '../../../../../builder/close/chart/archive.ts';
import { readChart } from '../../../../../builder/close/chart/chart.ts';
import { missingDependencies } from '../../../../../builder/close/chart/dependencies.ts';
import { chartImages } from '../../../../../builder/close/chart/images.ts';
import { freshDirectory } from '../../../../support/fresh-directory.ts';
import { refusal } from '../../../../support/refusal.ts';
import { chartArchive, chartFiles } from '../../../../support/registry/charts.ts';

const path = freshDirectory();
const subject = 'ghcr.io/team/charts/web:1.2.3';

async function read(content?: Parameters<typeof chartFiles>[1]) {
  await writeFile(path('chart.tgz'), await chartArchive('web', content));
  return await readChart(path('chart.tgz'), subject);
}

const redis = (changes: object = {}) => ({
  name: 'redis',
  version: '^20.0.0',
  repository: 'oci://registry-1.docker.io/charts',
  ...changes,
});
/** A chart's files, to lie below a folder of another. */
const below = (folder: string, files: ReturnType<typeof chartFiles>) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

describe('charts that a chart is made with', () => {
  test('are named one by one when they do not lie in it', async () => {
    const chart = await read({ metadata: { dependencies: [redis(), redis({ name: 'postgres' })] } });
    const found = missingDependencies(chart, subject).map((error) => error.toText().split('\n')[0]);
    expect(found).toEqual([
      `CPIAB-E2220 ${subject}: is made with chart redis ^20.0.0 of oci://registry-1.docker.io/charts, which is not in its charts/`,
      expect.stringContaining('chart postgres '),
    ]);
  });

  test('are found as folders and as archives, by the name in them', async () => {
    const chart = await read({
      metadata: { dependencies: [redis(), redis({ name: 'postgres' })] },
      files: {
        ...below('charts/anything', chartFiles('redis')),
        'charts/postgres-1.2.3.tgz': await chartArchive('postgres'),
      },
    });
    expect(missingDependencies(chart, subject)).toEqual([]);
  });

  test('are looked for in the charts within, too', async () => {
    const files = below(
      'charts/redis',
      chartFiles('redis', { metadata: { dependencies: [redis({ name: 'common' })] } }),
    );
    const [found] = missingDependencies(await read({ files }), subject);
    expect(found?.subject).toBe(`${subject} charts/redis`);
  });

  test('are read from requirements.yaml, as charts of API version 1 have it', async () => {
    const chart = await read({
      metadata: { apiVersion: 'v1' },
      files: {
        'requirements.yaml': 'dependencies:\n  - {name: redis, version: 1.0.0, repository: "@stable"}\n',
      },
    });
    expect(missingDependencies(chart, subject)).toHaveLength(1);
  });
});

describe('images that a chart names', () => {
  const images = async (content: Parameters<typeof chartFiles>[1], given: Record<string, unknown> = {}) =>
    chartImages(await read(content), given).map(({ image }) => image);

  test('are those of its values; an empty tag is the version of the application', async () => {
    const values = {
      image: { registry: 'ghcr.io', repository: 'team/web', tag: '' },
      sidecar: { image: 'quay.io/team/side', tag: '1.0' },
      job: { image: { repository: 'team/job' } },
    };
    expect(await images({ values })).toEqual(
      expect.arrayContaining(['ghcr.io/team/web:4.5', 'quay.io/team/side:1.0', 'team/job:4.5']),
    );
  });

  test('are those of a release where it sets them', async () => {
    const values = { image: { repository: 'team/web', tag: '1' } };
    expect(await images({ values }, { image: { tag: '2' } })).toEqual(['team/web:2']);
  });

  test('are not those of a part that says enabled: false, unless the release enables it', async () => {
    const values = { metrics: { enabled: false, image: { repository: 'team/metrics', tag: '1' } } };
    expect(await images({ values })).toEqual([]);
    expect(await images({ values }, { metrics: { enabled: true } })).toEqual(['team/metrics:1']);
  });

  test('are those of the charts within, by the condition and under the alias that the outer chart gives', async () => {
    const inner = chartFiles('redis', { values: { image: { repository: 'team/redis', tag: '7' } } });
    const content = {
      metadata: { dependencies: [redis({ alias: 'queue', condition: 'queue.enabled' })] },
      values: { queue: { enabled: false } },
      files: below('charts/redis', inner),
    };
    expect(await images(content)).toEqual([]);
    const given = { queue: { enabled: true, image: { tag: '8' } } };
    expect(await images(content, given)).toEqual(['team/redis:8']);
  });

  test('are those written out in templates, not those that a template puts together', async () => {
    const template = [
      '      image: "busybox:1.36"  # helper',
      '      image: {{ .Values.image }}',
      '      args: [--helper, quay.io/team/helper:2]',
      '      # image: docker.io/team/comment:1',
    ].join('\n');
    expect(await images({ files: { 'templates/pod.yaml': template } })).toEqual([
      'busybox:1.36',
      'quay.io/team/helper:2',
    ]);
  });
});

describe('what is no chart is refused', () => {
  test.each([
    ['no archive', Buffer.from('hello'), /its archive cannot be read/],
    ['no Chart.yaml', gzipSync(Buffer.alloc(1024)), /Chart.yaml: not a Helm chart: not what Helm expects/],
  ])('%s', async (_, bytes, expected) => {
    await writeFile(path('chart.tgz'), bytes);
    expect((await refusal(readChart(path('chart.tgz'), subject))).toText()).toMatch(expected);
  });

  test('one that unpacks to more than Helm takes', async () => {
    const archive = await chartArchive('web', { files: { 'templates/large': Buffer.alloc(1 << 20) } });
    const refused = await refusal(unpackChart(archive, subject, 1 << 20));
    expect(refused.toText()).toContain('more than 1048576 bytes');
  });
});
