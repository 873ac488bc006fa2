import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import type { Site } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import { until } from '../../until.ts';
import type { ClusterFound, Engine, JoiningNode, Self } from '../engine.ts';
import { deleteNode, deleteTokens, drainNode } from '../nodes.ts';
import { firstServer, joiningNode, type K3sConfig, registries } from './config.ts';
import { ensureAgentToken, k3sFiles, writeK3sFiles } from './files.ts';
import { type K3sRole, k3s, k3sRole, k3sUnits, ours } from './layout.ts';
import { resetK3s } from './reset.ts';
import { completeK3sRestore, requireWhole, saveK3sSnapshot, unpackK3sSnapshot } from './state.ts';
import { createAgentToken, serverToken } from './tokens.ts';

const KUBECTL = [k3s.program, 'kubectl'];

export interface K3sInput {
  network: Site['network'];
  self: Self;
  /** The release's own list. */
  releaseImages: readonly string[];
  /** References of all images of the bundle. */
  bundleImages: readonly string[];
  /** Written when the first start is complete. */
  initialised: string;
}

/** k3s as it is released: one program that holds container runtime, control plane and store. */
export function k3sEngine(input: K3sInput): Engine {
  const { self, initialised } = input;
  return {
    kind: 'k3s',
    kubeconfig: k3s.kubeconfig,
    keys: [k3s.token, k3s.tls, dirname(ours.agentToken)],
    requiredImages: () => [...input.releaseImages],
    ...starting(input),
    mintJoinToken: (node, ttlMs, signal) => mint(self, node, ttlMs, signal),
    revoke: async (node, signal) => {
      await deleteTokens(KUBECTL, k3s.kubeconfig, node, signal);
      // A server's member of etcd goes with its Node. Source: docs.k3s.io, "High availability embedded etcd".
      await deleteNode(KUBECTL, k3s.kubeconfig, node, signal);
    },
    endJoin: (node, signal) => deleteTokens(KUBECTL, k3s.kubeconfig, node, signal),
    drain: (node, limitMs, signal) => drainNode(KUBECTL, k3s.kubeconfig, node, limitMs, signal),
    reset: async (signal) => {
      await rm(initialised, { force: true });
      await resetK3s(signal);
    },
    snapshot: (file, signal) => saveK3sSnapshot(file, signal),
    checkSnapshot: requireWhole,
    restore: async (file, signal) => {
      await unpackK3sSnapshot(file);
      await completeK3sRestore(signal);
      await run(['systemctl', 'start', '--no-block', k3sUnits.server], { signal });
    },
  };
}

type Starting = Pick<
  Engine,
  'prepare' | 'startServer' | 'isMember' | 'join' | 'startJoined' | 'followServers' | 'startRest'
>;

function starting({ network, self, initialised, bundleImages }: K3sInput): Starting {
  const mirrors = registries(bundleImages);
  /** A node that joined keeps its configuration; k3s remembers the cluster by its data, and takes no second `cluster-init`. */
  const start = async (role: K3sRole, config: K3sConfig, signal: AbortSignal) => {
    const { [k3s.config]: own, ...others } = k3sFiles(role, config, mirrors);
    const known = existsSync(initialised) && existsSync(k3s.config);
    await writeK3sFiles(known || own === undefined ? others : { ...others, [k3s.config]: own });
    await run(['systemctl', 'daemon-reload'], { signal });
    await run(['systemctl', 'start', '--no-block', k3sUnits[role]], { signal });
  };
  const startServer = async (config: K3sConfig, signal: AbortSignal) => {
    const cluster: ClusterFound = existsSync(initialised) ? 'same' : 'new';
    await start('server', config, signal);
    await until(() => existsSync(k3s.kubeconfig), signal);
    return { cluster, complete: remember(initialised) };
  };
  return {
    prepare: async (signal) => {
      await ensureAgentToken();
      await completeK3sRestore(signal);
    },
    startServer: (_, signal) => startServer(firstServer(network, self), signal),
    join: async (material, _, signal) => {
      await start(k3sRole(self.role), joiningNode(network, self, material), signal);
      if (self.role !== 'agent') await until(() => existsSync(k3s.kubeconfig), signal);
      await remember(initialised);
    },
    startJoined: async (_servers, _progress, signal) => {
      await run(['systemctl', 'start', k3sUnits[k3sRole(self.role)]], { signal });
    },
    // It knows its servers itself.
    followServers: async () => {},
    isMember: () => existsSync(initialised),
    // It starts all of itself.
    startRest: async () => {},
  };
}

async function remember(initialised: string): Promise<void> {
  if (!existsSync(initialised)) await writeAtomic(initialised, `${new Date().toISOString()}\n`);
}

/** An agent gets a token of its own with an end; a server the servers' one, as k3s has no other. */
async function mint(
  self: Self,
  { name, role }: JoiningNode,
  ttlMs: number,
  signal: AbortSignal,
): Promise<JoinMaterial> {
  await deleteTokens(KUBECTL, k3s.kubeconfig, name, signal);
  const token = await (role === 'agent' ? createAgentToken(name, ttlMs, signal) : serverToken());
  const about = { apiVersion: 'cpiab.dev/v1', kind: 'JoinMaterial', engine: 'k3s' } as const;
  return { ...about, role, node: name, servers: [self.address], token, authorities: {}, taints: [] };
}
