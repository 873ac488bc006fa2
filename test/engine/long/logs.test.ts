import { chmod, chown, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { writeAtomic } from '../../../host/files.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { programFiles } from '../../support/kube-programs.ts';
import { Container } from '../../support/logs/container.ts';
import { PodFiles } from '../../support/logs/pod-files.ts';

const platform = join(import.meta.dirname, '../../../cluster/kubernetes/platform');
const at = keptDirectory();
let loki: Container;
let collector: Container;
let ports: { loki: number; metrics: number; health: number };

/** A directory that a volume of a pod with this user and group is made of. */
async function volume(name: string, user: number, group: number): Promise<string> {
  await mkdir(at(name), { recursive: true });
  if (process.getuid?.() === 0) await chown(at(name), user, group);
  return at(name);
}

/** The folder's configuration as its ConfigMap has it, and what this machine has elsewhere. */
async function configuration(app: string, others: object = {}): Promise<string> {
  await mkdir(at(app, 'etc'), { recursive: true });
  await cp(join(platform, app, `${app}.yaml`), at(app, 'etc', `${app}.yaml`));
  await writeAtomic(at(app, 'etc', 'test.yaml'), stringify(others), { mode: 0o644 });
  return at(app, 'etc');
}

beforeAll(async () => {
  await chmod(at(), 0o755);
  await programFiles('loki', at('bin'));
  await programFiles('otelcol', at('bin'));
  ports = { loki: await freePort(), metrics: await freePort(), health: await freePort() };
  await volume('pods', 0, 0);
  await chmod(at('pods'), 0o750);
  loki = new Container({
    manifest: join(platform, 'loki/deployment.yaml'),
    program: at('bin', 'loki'),
    volumes: { config: await configuration('loki'), data: await volume('data', 10001, 10001) },
    args: [`-server.http-listen-port=${ports.loki}`, `-server.grpc-listen-port=${await freePort()}`],
    env: {},
  });
  const reader = { host: '127.0.0.1', port: ports.metrics, without_scope_info: true };
  const elsewhere = {
    extensions: { health_check: { endpoint: `127.0.0.1:${ports.health}` } },
    exporters: { otlp_http: { endpoint: `http://127.0.0.1:${ports.loki}/otlp` } },
    service: { telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: reader } } }] } } },
  };
  collector = new Container({
    manifest: join(platform, 'otelcol/daemon-set.yaml'),
    program: at('bin', 'otelcol'),
    volumes: {
      config: await configuration('otelcol', elsewhere),
      pods: at('pods'),
      state: await volume('state', 65534, 0),
    },
    args: ['--config=/etc/otelcol/test.yaml'],
    env: { NODE_NAME: 'lab' },
  });
  await Promise.all([startLoki(), startCollector()]);
}, 3_600_000);

afterAll(async () => {
  await collector?.stop();
  await loki?.stop();
});

async function startLoki(): Promise<void> {
  await loki.start();
  await answers(loki, `http://127.0.0.1:${ports.loki}/ready`);
}

async function startCollector(): Promise<void> {
  await collector.start();
  await answers(collector, `http://127.0.0.1:${ports.health}/`);
}

async function answers(who: Container, url: string): Promise<void> {
  await eventually(who, async () => (await fetch(url).catch(() => null))?.status, 200);
}

/** Waits until something is as expected, and says where it stayed otherwise. */
async function eventually<T>(who: Container, ask: () => Promise<T>, expected: T): Promise<void> {
  const end = Date.now() + 120_000;
  for (;;) {
    const found = await ask();
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    if (Date.now() > end || who.ended) expect(found, who.state).toEqual(expected);
    await sleep(250);
  }
}

interface Stream {
  stream: Record<string, string>;
  values: [string, string][];
}

async function streams(query: string): Promise<Stream[]> {
  const start = `${Date.now() - 3_600_000}000000`;
  const parameters = new URLSearchParams({ query, start, limit: '1000', direction: 'forward' });
  const answer = await fetch(`http://127.0.0.1:${ports.loki}/loki/api/v1/query_range?${parameters}`);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { data: { result: Stream[] } }).data.result;
}

/** Lines of a pod in the order of their times. */
async function lines(pod: string): Promise<string[]> {
  const found = (await streams(`{pod="${pod}"}`).catch(() => [])).flatMap(({ values }) => values);
  return found.toSorted(([a], [b]) => Number(BigInt(a) - BigInt(b))).map(([, line]) => line);
}

const filesOf = (pod: string) => new PodFiles(at('pods'), { namespace: 'shop', pod, container: 'web' });

test('a line is found by where it comes from', async () => {
  const files = filesOf('labels');
  await files.write('level=error msg="no more paper"', { stream: 'stderr' });
  await eventually(collector, () => lines('labels'), ['level=error msg="no more paper"']);
  const [found] = await streams('{namespace="shop", pod="labels", container="web", node="lab"}');
  expect(found?.stream).toEqual({
    namespace: 'shop',
    pod: 'labels',
    container: 'web',
    node: 'lab',
    // Of the line, not of its stream.
    stream: 'stderr',
    detected_level: 'error',
    observed_timestamp: expect.stringMatching(/^\d{19}$/),
  });
  const series = await fetch(`http://127.0.0.1:${ports.loki}/loki/api/v1/labels`);
  expect(await series.json()).toMatchObject({ data: ['container', 'namespace', 'node', 'pod'] });
});

test('a long line comes in one piece', async () => {
  const files = filesOf('long');
  const part = 'x'.repeat(16_384);
  await files.write(part, { tag: 'P' });
  await files.write(part, { tag: 'P' });
  await files.write('end');
  await eventually(collector, async () => (await lines('long')).map(({ length }) => length), [32_771]);
});

test('a file that is turned away is read to its end', async () => {
  const files = filesOf('turned');
  const written = Array.from({ length: 300 }, (_, index) => `line ${index}`);
  for (const line of written) await files.write(line);
  const old = await files.turn();
  await files.write('before the runtime knows', { file: old });
  await files.write('after');
  await eventually(collector, () => lines('turned'), [...written, 'before the runtime knows', 'after']);
});

test('what was written while the collector was away is there once, also out of a file turned away', async () => {
  const files = filesOf('away');
  await files.write('before');
  await eventually(collector, () => lines('away'), ['before']);
  await collector.stop();
  await files.write('unread');
  await files.turn();
  await files.write('new file');
  await startCollector();
  await eventually(collector, () => lines('away'), ['before', 'unread', 'new file']);
});

test('a collector that knows nothing any more brings all again', async () => {
  const files = filesOf('again');
  await files.write('one');
  await files.write('two');
  await eventually(collector, () => lines('again'), ['one', 'two']);
  await collector.stop();
  await rm(at('state', 'receiver_filelog_'));
  await files.write('three');
  await startCollector();
  // With the time of reading on each line, Loki takes the same one again for another.
  await eventually(collector, () => lines('again'), ['one', 'one', 'two', 'two', 'three']);
});

test('Loki killed: what it had is there again, and so is what was written meanwhile', async () => {
  const files = filesOf('killed');
  await files.write('before');
  await eventually(collector, () => lines('killed'), ['before']);
  await loki.stop('SIGKILL');
  await files.write('meanwhile');
  await sleep(5000);
  await startLoki();
  await files.write('after');
  await eventually(collector, () => lines('killed'), ['before', 'meanwhile', 'after']);
});

test('Loki and the collector end when they are told to, and go on where they were', async () => {
  const files = filesOf('stopped');
  await files.write('before');
  await eventually(collector, () => lines('stopped'), ['before']);
  await loki.stop();
  await files.write('meanwhile');
  await sleep(3000);
  await collector.stop();
  await Promise.all([startLoki(), startCollector()]);
  await eventually(collector, () => lines('stopped'), ['before', 'meanwhile']);
});

/** Each day has a stream of its own: one takes nothing that is an hour older than what it has. */
async function pushDaysOld(days: number): Promise<number> {
  const time = Math.floor(Date.now() - days * 86_400_000);
  const body = { streams: [{ stream: { pod: `old-${days}` }, values: [[`${time}000000`, 'old']] }] };
  const answer = await fetch(`http://127.0.0.1:${ports.loki}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.status;
}

test('a line that is as old as what is removed is refused; nobody removes any other', async () => {
  expect(await pushDaysOld(6.9)).toBe(204);
  expect(await pushDaysOld(7.1)).toBe(400);
  const answer = await fetch(
    `http://127.0.0.1:${ports.loki}/loki/api/v1/delete?query={pod="old-6.9"}&start=1`,
    {
      method: 'POST',
    },
  );
  expect(answer.status).toBe(403);
});

test('both tell what alerts and the dashboard ask for', async () => {
  await filesOf('counted').write('one');
  await eventually(collector, () => lines('counted'), ['one']);
  const files = ['loki/alerts.yaml', 'loki/dashboard.json', 'otelcol/alerts.yaml'];
  const texts = await Promise.all(files.map((file) => readFile(join(platform, file), 'utf8')));
  const asked = new Set(texts.join('\n').match(/\b(?:loki|otelcol)_\w+/g));
  const metrics = async (port: number) => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const told = (await metrics(ports.loki)) + (await metrics(ports.metrics));
  expect([...asked].filter((name) => !new RegExp(`^${name}[{ ]`, 'm').test(told))).toEqual([]);
});
