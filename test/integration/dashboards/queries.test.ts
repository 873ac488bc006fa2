import { type ChildProcess, spawn } from 'node:child_process';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { evaluate } from '../../../agent/dashboards/evaluate.ts';
import {
  type DashboardData,
  DashboardSchema,
  dashboardHours,
  prometheus,
} from '../../../contract/dashboard.ts';
import { run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { locate } from '../../../host/system-packages.ts';

const program = await locate('prometheus');
if (program === undefined)
  process.stderr.write('\nSKIPPED: no Prometheus here (apt-get install prometheus)\n\n');
const { signal } = new AbortController();
const platform = join(import.meta.dirname, '../../../cluster/kubernetes/platform');
const files = (await Array.fromAsync(glob('*/dashboard*.json', { cwd: platform }))).toSorted();

const SECONDS = 30;
const SAMPLES = 7 * 120;
/** Now, on a grid that all spans share. */
const now = Math.floor(Date.now() / 5_040_000) * 5_040_000;
let home: string;
let server: ChildProcess;
let url: string;

/** Series of `series.txt` over seven hours up to now. Source: OpenMetrics 1.0, text format. */
async function recorded(): Promise<string> {
  const lines = (await readFile(join(import.meta.dirname, 'series.txt'), 'utf8')).split('\n');
  const series = lines.flatMap((line) => {
    const { name, first, growth } =
      /^(?<name>[a-z]\S*\{.*\}) (?<first>\S+) (?<growth>\S+)$/i.exec(line)?.groups ?? {};
    return name === undefined ? [] : [{ name, first: Number(first), growth: Number(growth) }];
  });
  const samples = series.flatMap(({ name, first, growth }) =>
    Array.from({ length: SAMPLES }, (_, index) => {
      const time = now / 1000 - (SAMPLES - 1 - index) * SECONDS;
      return `${name} ${first + growth * index} ${time}`;
    }),
  );
  return `${samples.join('\n')}\n# EOF\n`;
}

/** Prometheus as its Deployment starts it, on other paths and without anything to scrape. */
async function start(): Promise<void> {
  const file = await readFile(join(platform, 'prometheus/deployment.yaml'), 'utf8');
  const { spec } = parse(file) as { spec: { template: { spec: { containers: { args: string[] }[] } } } };
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const args = (spec.template.spec.containers[0]?.args ?? []).map((arg) =>
    arg
      .replace('=/etc/prometheus/prometheus.yaml', `=${join(home, 'prometheus.yaml')}`)
      .replace('=/data', `=${join(home, 'data')}`),
  );
  server = spawn(program ?? '', [...args, '--log.level=error', `--web.listen-address=127.0.0.1:${port}`], {
    stdio: 'inherit',
  });
  for (;;) {
    if (server.exitCode !== null) throw new Error('Prometheus did not start');
    if (
      await fetch(`${url}/-/ready`)
        .then((answer) => answer.ok)
        .catch(() => false)
    )
      return;
    await sleep(100);
  }
}

beforeAll(async () => {
  if (program === undefined) return;
  home = await mkdtemp(join(tmpdir(), 'cpiab-prometheus-'));
  await writeFile(join(home, 'series.om'), await recorded());
  await writeFile(join(home, 'prometheus.yaml'), 'global: {}\n');
  const data = join(home, 'data');
  await run(['promtool', 'tsdb', 'create-blocks-from', 'openmetrics', join(home, 'series.om'), data], {
    signal,
  });
  await start();
});
afterAll(async () => {
  if (program === undefined) return;
  server.kill();
  await rm(home, { recursive: true });
});

/** The API server's part, as far as the agent asks: it passes requests on to the Service. */
const kube = {
  async get<T>(path: string): Promise<T> {
    const { namespace, service, port } = prometheus;
    const [, rest] = path.split(`/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy`);
    const answer = await fetch(`${url}${rest}`);
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  },
};

describe.skipIf(program === undefined).each(files)('%s', (file) => {
  test('each query gives data, over each span', async () => {
    const dashboard = DashboardSchema.parse(JSON.parse(await readFile(join(platform, file), 'utf8')));
    for (const hours of dashboardHours) {
      const { panels, step } = await evaluate(dashboard, hours, now, kube, signal);
      expect(panels).toHaveLength(dashboard.panels.length);
      expect(step * 120).toBe(hours * 3600);
      expect(panels.flatMap(empty)).toEqual([]);
    }
  });
});

/** What of a panel nobody would see. A rate needs two samples within its time, which the oldest moment lacks. */
function empty({ title, problem, series }: DashboardData['panels'][number]): string[] {
  if (problem !== '') return [`${title}: ${problem}`];
  if (series.length === 0) return [`${title}: nothing`];
  return series
    .filter(({ values }) => values.at(-1) == null)
    .map(({ name }) => `${title}: nothing of ${name}`);
}

test.skipIf(program === undefined)('values are those of the series: a rate, a ratio, a name', async () => {
  const text = await readFile(join(platform, 'node-exporter/dashboard.json'), 'utf8');
  const { panels } = await evaluate(DashboardSchema.parse(JSON.parse(text)), 6, now, kube, signal);
  const last = (title: string) =>
    panels.find((panel) => panel.title === title)?.series.map(({ name, values }) => [name, values.at(-1)]);
  // One of two processors is idle for 21 s of 30 s, the other for 24 s.
  expect(last('Processors busy')).toEqual([['lab', expect.closeTo(0.25, 5)]]);
  expect(last('Disks: space used')).toEqual([
    ['lab /var/lib/cpiab', expect.closeTo(1 - (15e9 - 1e6 * (SAMPLES - 1)) / 20e9, 5)],
  ]);
  expect(last('Disks: read and written')?.map(([name]) => name)).toEqual(['lab read', 'lab written']);
});

test('every app with a dashboard has one that is its first', () => {
  const folders = new Set(files.map((file) => dirname(file)));
  for (const folder of folders)
    expect(files.filter((file) => dirname(file) === folder).map((file) => basename(file))).toContain(
      'dashboard.json',
    );
});

test.skipIf(program === undefined)(
  'a query that Prometheus refuses is told in its panel, and the others are drawn',
  async () => {
    const grid = { x: 0, y: 0, w: 24, h: 4 };
    const dashboard = DashboardSchema.parse({
      uid: 'two',
      title: 'Two',
      panels: [
        { type: 'stat', title: 'Bad', gridPos: grid, targets: [{ expr: 'up +' }] },
        { type: 'stat', title: 'Good', gridPos: grid, targets: [{ expr: 'sum(up)' }] },
        { type: 'text', title: 'Words', gridPos: grid },
      ],
    });
    const { panels } = await evaluate(dashboard, 1, now, kube, signal);
    expect(panels.map(({ title }) => title)).toEqual(['Bad', 'Good']);
    expect(panels[0]?.problem).toContain('parse error');
    expect(panels[1]?.series[0]?.values.at(-1)).toBe(2);
  },
);
