import { mkdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { KubeError } from '../kube/client.ts';
import { isReady, listClusterNodes, readiness } from '../kube/nodes.ts';
import { heldBy, listPods } from '../observe/holding.ts';
import type { Look } from './look.ts';
import { counted, fail, type Outcome, pass, passUnless } from './outcome.ts';

export async function checkNodes({ board, kube, signal }: Look): Promise<Outcome> {
  const { version } = board.site.engine;
  const nodes = await listClusterNodes(kube, signal);
  if (nodes.length === 0) return fail('the cluster has no node');
  const wrong = nodes.flatMap((node) => {
    const { kubeletVersion } = node.status.nodeInfo;
    const why = isReady(node) ? [] : [`not Ready: ${readiness(node)?.message ?? 'says nothing'}`];
    if (kubeletVersion !== version) why.push(`runs ${kubeletVersion}, expected ${version}`);
    return why.map((each) => `${node.metadata.name} ${each}`);
  });
  return passUnless(wrong, `${counted(nodes.length, 'node')} Ready at ${version}`);
}

export async function checkApiServer({ kube, signal }: Look): Promise<Outcome> {
  const said = await kube.text('/readyz', signal).catch((error: unknown) => {
    if (error instanceof KubeError) return error.message;
    throw error;
  });
  return said === 'ok' ? pass('/readyz says ok') : fail(`/readyz says ${said.slice(0, 200)}`);
}

/** Source: linux/magic.h, CGROUP2_SUPER_MAGIC. */
const CGROUP2 = 0x63677270;

export async function checkCgroup({ board }: Look): Promise<Outcome> {
  const { cgroups: at } = board.paths;
  const { type } = await statfs(at);
  return type === CGROUP2 ? pass(`${at} is cgroup v2`) : fail(`${at} is of type 0x${type.toString(16)}`);
}

/** There during a run; every Secret is in it. */
export const snapshotFile = ({ postcheck }: Look['board']['paths']) => join(postcheck, 'snapshot');

/** A snapshot reads every page of the store, and ends with a checksum over them. */
export async function checkDatastore({ board, signal }: Look): Promise<Outcome> {
  const engine = board.get('engine');
  const file = snapshotFile(board.paths);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    await engine.snapshot(file, signal);
    await engine.checkSnapshot(file, signal);
    return pass('a snapshot was taken, and its checksum is right');
  } catch (error) {
    if (!(error instanceof CpiabError)) throw error;
    return fail(error.message);
  } finally {
    await rm(file, { force: true });
  }
}

export async function checkSystemPods({ kube, signal }: Look): Promise<Outcome> {
  const pods = (await listPods(kube, signal)).filter(({ metadata }) => metadata.namespace === 'kube-system');
  if (pods.length === 0) return fail('kube-system has no pod');
  const held = pods.flatMap(heldBy).map(({ object, reason }) => `${object}: ${reason}`);
  return passUnless(held, `${counted(pods.length, 'pod')} ready`);
}
