import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { KubeError } from '../../../agent/kube/client.ts';
import { firingAlerts } from '../../../agent/observe/alerts.ts';
import { alertmanager } from '../../../contract/alerts.ts';
import { run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { locate } from '../../../host/system-packages.ts';

const program = (await locate('prometheus-alertmanager')) ?? '';
if (program === '')
  process.stderr.write('\nSKIPPED: no Alertmanager here (apt-get install prometheus-alertmanager)\n\n');
const withIt = test.skipIf(program === '');
const { signal } = new AbortController();
const config = join(
  import.meta.dirname,
  '../../../cluster/kubernetes/platform/alertmanager/alertmanager.yaml',
);

/** What Alertmanager hands to a webhook, as much as is looked at. */
interface Notice {
  status: string;
  groupLabels: Record<string, string>;
  alerts: { labels: Record<string, string> }[];
}

let home: string;
let server: ChildProcess;
let receiver: Server;
let url: string;
const notices: Notice[] = [];

/** The site's configuration, with a receiver and without the patience. */
async function impatient(to: string): Promise<string> {
  // biome-ignore lint/suspicious/noExplicitAny: taken apart as it is written.
  const parsed = parse(await readFile(config, 'utf8')) as any;
  parsed.receivers = [{ name: 'box', webhook_configs: [{ url: to }] }];
  for (const route of [parsed.route, ...parsed.route.routes])
    Object.assign(route, { group_wait: '1s', group_interval: '1s' });
  return stringify(parsed);
}

beforeAll(async () => {
  if (program === '') return;
  home = await mkdtemp(join(tmpdir(), 'cpiab-alertmanager-'));
  receiver = createServer(async (incoming, outgoing) => {
    notices.push(JSON.parse(Buffer.concat(await incoming.toArray()).toString()) as Notice);
    outgoing.end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  await writeFile(join(home, 'alertmanager.yaml'), await impatient(`http://127.0.0.1:${port}/`));
  const own = await freePort();
  url = `http://127.0.0.1:${own}`;
  server = spawn(
    program,
    [
      `--config.file=${join(home, 'alertmanager.yaml')}`,
      `--storage.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${own}`,
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await until(async () => {
    if (server.exitCode !== null) throw new Error('Alertmanager did not start');
    return await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
});
afterAll(async () => {
  if (program === '') return;
  server.kill();
  receiver.close();
  await rm(home, { recursive: true });
});

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await sleep(100);
}

async function fire(...alerts: Record<string, string>[]): Promise<void> {
  const body = alerts.map((labels) => ({
    labels,
    annotations: { summary: `${labels['alertname']} is so`, runbook: 'docs/operate/alerts.md#x' },
  }));
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
}

/** The API server's part, as far as the agent asks: it passes requests on to the Service. */
const kube = {
  async get<T>(path: string): Promise<T> {
    const { namespace, service, port } = alertmanager;
    const [, rest] = path.split(`/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy`);
    return (await (await fetch(`${url}${rest}`)).json()) as T;
  },
};

const named = (name: string) => notices.filter(({ groupLabels }) => groupLabels['alertname'] === name);

withIt('alerts of one thing come together, and the same one again is no news', async () => {
  await fire(
    { alertname: 'TargetDown', namespace: 'a', severity: 'warning', instance: '1' },
    { alertname: 'TargetDown', namespace: 'a', severity: 'warning', instance: '2' },
    { alertname: 'TargetDown', namespace: 'b', severity: 'warning', instance: '3' },
  );
  await until(() => named('TargetDown').length === 2);
  const sizes = named('TargetDown').map(({ groupLabels, alerts }) => [
    groupLabels['namespace'],
    alerts.length,
  ]);
  expect(sizes.toSorted()).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
  await fire({ alertname: 'TargetDown', namespace: 'a', severity: 'warning', instance: '1' });
  await sleep(3000);
  expect(named('TargetDown')).toHaveLength(2);
});

withIt('who is told that it is critical is not told the warning', async () => {
  const about = { alertname: 'DiskAlmostFull', node: 'lab' };
  await fire({ ...about, severity: 'critical' }, { ...about, severity: 'warning' });
  await until(() => named('DiskAlmostFull').length > 0);
  await sleep(2500);
  const told = named('DiskAlmostFull').flatMap(({ alerts }) =>
    alerts.map(({ labels }) => labels['severity']),
  );
  expect(new Set(told)).toEqual(new Set(['critical']));
});

withIt('what is silenced reaches nobody, and the agent tells it as silenced', async () => {
  const silence = [
    'silence',
    'add',
    'alertname=MemoryLow',
    '--author=ada',
    '--comment=known',
    '--duration=1h',
  ];
  await run(['amtool', `--alertmanager.url=${url}`, ...silence], { signal });
  await fire({ alertname: 'MemoryLow', severity: 'warning', node: 'lab' });
  await sleep(2500);
  expect(named('MemoryLow')).toEqual([]);
  const told = await firingAlerts(kube, signal);
  expect(told?.problem).toBe('');
  expect(told?.firing.find(({ name }) => name === 'MemoryLow')).toMatchObject({
    severity: 'warning',
    summary: 'MemoryLow is so',
    runbook: 'docs/operate/alerts.md#x',
    suppressed: true,
  });
  expect(told?.firing.map(({ severity, suppressed }) => [severity, suppressed])[0]).toEqual([
    'critical',
    false,
  ]);
});

withIt('a cluster without Alertmanager, and one whose Alertmanager does not answer', async () => {
  const failing = (status: number) => ({
    get: () => Promise.reject(new KubeError(status, 'GET alerts', 'no endpoints')),
  });
  expect(await firingAlerts(failing(404), signal)).toBeNull();
  expect(await firingAlerts(failing(503), signal)).toEqual({
    firing: [],
    problem: 'Alertmanager cannot be asked: GET alerts: 503 no endpoints',
  });
});
