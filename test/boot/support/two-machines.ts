import { appendFile, cp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { EnrolledNode } from '../../../contract/enroll.ts';
import type { MachineRole } from '../../../contract/seed.ts';
import { type BoxStatus, BoxStatusSchema } from '../../../contract/status.ts';
import { getPinned } from '../../../host/pinned-https.ts';
import { run } from '../../../host/process.ts';
import { type Box, powerOn } from '../../../host/qemu/box.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { cpiab } from './lab.ts';
import { cloneSite, pushSite } from './site-git.ts';
import { layWire, type Tap } from './tap.ts';
import { watch } from './watch.ts';

const LIMIT_MS = 25 * 60_000;
const DISK_SIZE = '8G';
const never = new AbortController().signal;
/** The site's `network.podCIDR`. */
const pods = { network: '10.42.0.0', prefix: 16 };

type Path = (...parts: string[]) => string;

/** A box and a node on one wire, both Ready. */
export interface TwoMachines {
  box: Asked;
  node: Asked;
  tap: Tap;
}

/** A machine that has shown the fingerprint of its key. */
interface Asked {
  box: Box;
  fingerprint: string;
  status(): Promise<BoxStatus>;
}

interface Place {
  name: string;
  mac: string;
  address: string;
  ports: [number, number];
  /** More lines of its seed. */
  seed?: string;
  /** Whether its state is on a disk. */
  onDisk: boolean;
  /** MiB. */
  memory?: number;
}

/** Powers on a machine that has a wire to the other one, besides the card by which this test reaches its API. */
export async function startMachine(
  iso: string,
  path: Path,
  { name, mac, address, ports, onDisk, seed = '', memory = 4096 }: Place,
): Promise<Asked> {
  const network = `network: { interface: { mac: "${mac}" }, addresses: [${address}/24] }`;
  const text = `apiVersion: cpiab.dev/v1\nkind: Seed\nhostname: ${name}\n${network}\n${seed}`;
  const [ownPort, otherPort] = ports;
  const disk = onDisk ? path(`${name}.img`) : null;
  if (disk !== null) await run(['truncate', '--size', DISK_SIZE, disk]);
  const box = await powerOn(
    {
      ...{ medium: { path: iso, format: 'iso', keep: false }, firmware: 'bios', memory, disk },
      directory: path(name),
      firmwareTexts: { 'opt/cpiab/seed': text },
      segment: { mac, ownPort, otherPort },
    },
    never,
  );
  onTestFinished(() => box.machine.cut());
  const fingerprint = await fingerprintOf(box);
  const status = async () => {
    const { body } = await getPinned(new URL('/v1/status', box.url), fingerprint, 60_000);
    return BoxStatusSchema.parse(JSON.parse(body.toString()));
  };
  return { box, fingerprint, status };
}

/** The fingerprint that its console shows. */
async function fingerprintOf(box: Box): Promise<string> {
  for await (const { fingerprint } of box.reports(AbortSignal.timeout(LIMIT_MS)))
    if (fingerprint !== null) return fingerprint;
  throw new Error(`the machine ended: ${box.console}`);
}

const hasMark = (name: string) => (status: BoxStatus) => status.marks.some((mark) => mark.name === name);
const secondsTo = (name: string, { marks }: BoxStatus) =>
  Math.round((marks.find((mark) => mark.name === name)?.atMs ?? Number.NaN) / 1000);

async function stateOf(name: string, at: string): Promise<EnrolledNode | undefined> {
  const { nodes } = JSON.parse(await cpiab('nodes', '--json', '--box', at)) as { nodes: EnrolledNode[] };
  return nodes.find((node) => node.name === name);
}

/** The machine that joins. */
interface Joiner {
  name: string;
  /** As its seed has it. */
  role: Exclude<MachineRole, 'box'>;
}

/** Starts a box, and a node that joins it by an invitation in its seed. @param iso what both start from. */
export async function joinTwo(
  iso: string,
  path: Path,
  { name, role }: Joiner = { name: 'worker-1', role: 'node' },
): Promise<TwoMachines> {
  const tap = await layWire(pods, [await freePort(), await freePort()]);
  onTestFinished(() => tap.cut());
  const [boxPorts, nodePorts] = tap.ends;
  const onDisk = role === 'control-plane';
  const harbour = {
    name: 'harbour',
    mac: '52:54:00:00:00:01',
    address: '192.0.2.1',
    ports: boxPorts,
    onDisk,
  };
  const box = await startMachine(iso, path, harbour);
  const at = `${box.box.url}#${box.fingerprint}`;
  const { status: up } = await watch(box.status, hasMark('node'), LIMIT_MS);
  process.stderr.write(`the box is Ready ${secondsTo('node', up)} s after power-on\n`);
  const invited = ['--name', name, '--role', role === 'node' ? 'agent' : role];
  const asked = [...invited, '--ttl', '3600', '--address', '192.0.2.1:7443', '--box', at];
  const invitation = (await cpiab('invite', ...asked)).trim();
  const node = await startMachine(iso, path, {
    ...{ name, mac: '52:54:00:00:00:02', address: '192.0.2.2', ports: nodePorts, onDisk },
    seed: `role: ${role}\ninvitation: ${invitation}\n`,
  });
  while ((await stateOf(name, at)) === undefined) await sleep(2000);
  // What the machine shows is what is approved.
  const key = (await node.status()).node?.key ?? '';
  await cpiab('approve', name, '--key', key, '--reason', 'on this wire', '--box', at);
  const { status } = await watch(node.status, hasMark('node'), LIMIT_MS);
  process.stderr.write(`the node is Ready ${secondsTo('node', status)} s after its power-on\n`);
  for (const { name, startedMs, tookMs } of status.steps)
    process.stderr.write(`  ${name} at ${startedMs} ms, took ${tookMs} ms\n`);
  while ((await stateOf(name, at))?.cluster !== 'ready') await sleep(2000);
  const areReady = ({ nodes }: BoxStatus) => nodes.length === 2 && nodes.every(({ ready }) => ready);
  await watch(box.status, areReady, LIMIT_MS);
  return { box, node, tap };
}

/** Pushes two pods, one on the box, and one on the node that is Ready while it has an answer from the first. @returns the box then. */
export async function talkBetween({ box }: TwoMachines, path: Path): Promise<BoxStatus> {
  const ca = path('ca.pem');
  await writeFile(ca, (await getPinned(new URL('/v1/ca.pem', box.box.url), box.fingerprint, 60_000)).body);
  const git = await cloneSite(box.box.url, ca, path('site'));
  await addWire(path('site'));
  const commit = await pushSite(git, 'Two pods on two nodes');
  const began = performance.now();
  const { status } = await watch(
    box.status,
    ({ git, flux }) => git.applied === commit && flux.ready === flux.total,
    LIMIT_MS,
  );
  process.stderr.write(`the pods talk ${Math.round((performance.now() - began) / 1000)} s after the push\n`);
  return status;
}

async function addWire(site: string): Promise<void> {
  const folder = join(site, 'cluster/kubernetes/apps/wire');
  const flux = join(site, 'cluster/kubernetes/flux/lab');
  await cp(join(import.meta.dirname, 'wire'), folder, { recursive: true });
  await rename(join(folder, 'flux.yaml'), join(flux, 'wire.yaml'));
  await appendFile(join(flux, 'kustomization.yaml'), '  - wire.yaml\n');
}
