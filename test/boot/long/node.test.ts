import { appendFile, cp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { EnrolledNode } from '../../../contract/enroll.ts';
import { type BoxStatus, BoxStatusSchema } from '../../../contract/status.ts';
import { getPinned } from '../../../host/pinned-https.ts';
import { type Box, powerOn } from '../../../host/qemu/box.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { buildLab, cpiab } from '../support/lab.ts';
import { cloneSite, pushSite } from '../support/site-git.ts';
import { watch } from '../support/watch.ts';

const LIMIT_MS = 25 * 60_000;
const path = freshDirectory();
const never = new AbortController().signal;
const [boxMac, nodeMac] = ['52:54:00:00:00:01', '52:54:00:00:00:02'];

interface Place {
  name: string;
  mac: string;
  address: string;
  ports: [number, number];
  /** More lines of its seed. */
  seed?: string;
}

/** Powers on a machine that has a wire to the other one, besides the card by which this test reaches its API. */
async function machine(iso: string, { name, mac, address, ports, seed = '' }: Place): Promise<Box> {
  const network = `network: { interface: { mac: "${mac}" }, addresses: [${address}/24] }`;
  const text = `apiVersion: cpiab.dev/v1\nkind: Seed\nhostname: ${name}\n${network}\n${seed}`;
  const [ownPort, otherPort] = ports;
  const box = await powerOn(
    {
      ...{ medium: { path: iso, format: 'iso', keep: false }, firmware: 'bios', memory: 4096, disk: null },
      directory: path(name),
      firmwareTexts: { 'opt/cpiab/seed': text },
      segment: { mac, ownPort, otherPort },
    },
    never,
  );
  onTestFinished(() => box.machine.cut());
  return box;
}

/** The fingerprint that its console shows. */
async function fingerprintOf(box: Box): Promise<string> {
  for await (const { fingerprint } of box.reports(AbortSignal.timeout(LIMIT_MS)))
    if (fingerprint !== null) return fingerprint;
  throw new Error(`the machine ended: ${box.console}`);
}

const asking = (box: Box, fingerprint: string) => async () => {
  const { body } = await getPinned(new URL('/v1/status', box.url), fingerprint, 60_000);
  return BoxStatusSchema.parse(JSON.parse(body.toString()));
};

const hasMark = (name: string) => (status: BoxStatus) => status.marks.some((mark) => mark.name === name);
const secondsTo = (name: string, { marks }: BoxStatus) =>
  Math.round((marks.find((mark) => mark.name === name)?.atMs ?? Number.NaN) / 1000);

async function stateOf(name: string, at: string): Promise<EnrolledNode | undefined> {
  const { nodes } = JSON.parse(await cpiab('nodes', '--json', '--box', at)) as { nodes: EnrolledNode[] };
  return nodes.find((node) => node.name === name);
}

/** Adds two pods to the site: one on the box, and one on the node that is Ready while it has an answer from the first. */
async function addWire(site: string): Promise<void> {
  const folder = join(site, 'cluster/kubernetes/apps/wire');
  const flux = join(site, 'cluster/kubernetes/flux/lab');
  await cp(join(import.meta.dirname, '../support/wire'), folder, { recursive: true });
  await rename(join(folder, 'flux.yaml'), join(flux, 'wire.yaml'));
  await appendFile(join(flux, 'kustomization.yaml'), '  - wire.yaml\n');
}

test('a machine from the ISO of its box, with an invitation in its seed, becomes a Ready node, and its pods reach those of the box', async () => {
  const iso = join(await buildLab(), 'cpiab-lab.iso');
  const ports: [number, number] = [await freePort(), await freePort()];
  const box = await machine(iso, { name: 'harbour', mac: boxMac, address: '192.0.2.1', ports });
  const fingerprint = await fingerprintOf(box);
  const at = `${box.url}#${fingerprint}`;
  const { status: up } = await watch(asking(box, fingerprint), hasMark('node'), LIMIT_MS);
  process.stderr.write(`the box is Ready ${secondsTo('node', up)} s after power-on\n`);
  const asked = ['--name', 'worker-1', '--ttl', '3600', '--address', '192.0.2.1:7443', '--box', at];
  const invitation = (await cpiab('invite', ...asked)).trim();
  const worker = await machine(iso, {
    ...{ name: 'worker-1', mac: nodeMac, address: '192.0.2.2', ports: [ports[1], ports[0]] },
    seed: `role: node\ninvitation: ${invitation}\n`,
  });
  const key = await fingerprintOf(worker);
  while ((await stateOf('worker-1', at)) === undefined) await sleep(2000);
  const waiting = await asking(worker, key)();
  // What the machine shows is what is approved.
  await cpiab(
    'approve',
    'worker-1',
    '--key',
    waiting.node?.key ?? '',
    '--reason',
    'on this wire',
    '--box',
    at,
  );
  const { status } = await watch(asking(worker, key), hasMark('node'), LIMIT_MS);
  process.stderr.write(`the node is Ready ${secondsTo('node', status)} s after its power-on\n`);
  for (const { name, startedMs, tookMs } of status.steps)
    process.stderr.write(`  ${name} at ${startedMs} ms, took ${tookMs} ms\n`);
  while ((await stateOf('worker-1', at))?.cluster !== 'ready') await sleep(2000);
  const { status: after } = await watch(
    asking(box, fingerprint),
    ({ nodes }) => nodes.length === 2,
    LIMIT_MS,
  );
  expect(after.nodes.map(({ name, ready }) => [name, ready])).toEqual([
    ['harbour', true],
    ['worker-1', true],
  ]);

  const ca = path('ca.pem');
  await writeFile(ca, (await getPinned(new URL('/v1/ca.pem', box.url), fingerprint, 60_000)).body);
  const git = await cloneSite(box.url, ca, path('site'));
  await addWire(path('site'));
  const commit = await pushSite(git, 'Two pods on two nodes');
  const began = performance.now();
  const { status: applied } = await watch(
    asking(box, fingerprint),
    ({ git, flux }) => git.applied === commit && flux.ready === flux.total,
    LIMIT_MS,
  );
  process.stderr.write(`the pods talk ${Math.round((performance.now() - began) / 1000)} s after the push\n`);
  expect(applied.podNetwork).toMatchObject({ backend: 'vxlan', nodes: 1, problem: '' });
  expect(applied.images.notInBundle).toEqual([]);
});
