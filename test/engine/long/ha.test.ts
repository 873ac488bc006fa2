import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../agent/until.ts';
import { Cluster, type Server, whyNoCluster } from '../../support/cluster/cluster.ts';

const RATE = 20;
const ALL = ['server-1', 'server-2', 'server-3'];
const cluster = new Cluster();
let lost: Server;
let survivor: Server;

const say = (line: string) => process.stderr.write(`${line}\n`);

beforeAll(async () => {
  const why = await whyNoCluster();
  if (why !== null) throw new Error(`three control planes can't be tried on this host: ${why}`);
  await cluster.open();
});
afterAll(() => cluster.close());

/** Every write that the client was told of is there, with its value. */
async function expectNothingLost(acknowledged: readonly { name: string; value: string }[]): Promise<void> {
  const list = JSON.parse(
    await cluster.kubectl('get', 'configmaps', '--namespace', 'default', '--output', 'json'),
  );
  const found = new Map<string, string>(
    list.items.map((item: { metadata: { name: string }; data?: { value: string } }) => [
      item.metadata.name,
      item.data?.value,
    ]),
  );
  expect(acknowledged.filter(({ name, value }) => found.get(name) !== value)).toEqual([]);
}

const threeVoters = async () =>
  await survivor.machine.waitFor(
    async () => (await cluster.healthyVoters(survivor)).join() === ALL.join(),
    180,
  );

test('kubeadm makes one control plane, and two more join it as voters', async () => {
  const started = performance.now();
  await cluster.init(cluster.server(1));
  for (const number of [2, 3] as const) await cluster.join(cluster.server(number), cluster.server(1));
  expect(await cluster.healthyVoters(cluster.server(1))).toEqual(ALL);
  say(`three control planes: ${Math.round((performance.now() - started) / 1000)} s`);
  const admin = await readFile(cluster.server(1).machine.path('etc', 'kubernetes', 'admin.conf'), 'utf8');
  await cluster.openClient(admin);
});

test("the loss of etcd's leader under 20 writes a second loses no acknowledged write", async () => {
  lost = await cluster.leader(cluster.server(1));
  survivor = cluster.servers.find((server) => server !== lost) as Server;
  const writer = cluster.writer(RATE);
  await until(() => writer.acknowledged.length >= 5 * RATE, AbortSignal.timeout(60_000));
  const cutMs = Date.now();
  await cluster.cut(lost);
  const later = () => writer.acknowledged.filter((write) => (write.acknowledgedMs ?? 0) > cutMs + 1000);
  await until(() => later().length >= 10 * RATE, AbortSignal.timeout(180_000));
  await writer.stop();
  const times = writer.acknowledged.map((write) => write.acknowledgedMs ?? 0).toSorted((a, b) => a - b);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const unanswered = writer.writes.length - writer.acknowledged.length;
  say(
    `${lost.name} led and was cut: nothing acknowledged for ${(Math.max(...gaps) / 1000).toFixed(1)} s; ` +
      `${writer.acknowledged.length} writes acknowledged, ${unanswered} not`,
  );
  await expectNothingLost(writer.acknowledged);
  expect(Math.max(...gaps)).toBeLessThan(60_000);
});

test('a server that comes back is a voter again', async () => {
  await cluster.start(lost);
  await threeVoters();
});

test('a server that is lost for good is taken out, and another joins by its name', async () => {
  const writer = cluster.writer(RATE);
  await cluster.cut(lost);
  await cluster.order(survivor, { do: 'revoke', node: lost.name });
  expect(await cluster.kubectl('get', 'nodes', '--output', 'name')).not.toContain(lost.name);
  await cluster.wipe(lost);
  await cluster.join(lost, survivor);
  await threeVoters();
  await sleep(1000);
  await writer.stop();
  await expectNothingLost(writer.acknowledged);
});
