import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { writeAtomic } from '../../../host/files.ts';
import type { K3sConfig } from './config.ts';
import { type K3sRole, k3s, k3sUnits, ours, unitFile } from './layout.ts';
import { k3sUnit } from './unit.ts';

export interface RenderedFile {
  text: string;
  mode: number;
}

/** Every file that a node's k3s reads, by absolute path. */
export function k3sFiles(role: K3sRole, config: K3sConfig, mirrors: object): Record<string, RenderedFile> {
  return {
    // It may hold a token.
    [k3s.config]: { text: stringify(config), mode: 0o600 },
    [k3s.registries]: { text: stringify(mirrors), mode: 0o600 },
    // CoreDNS wants a server to forward to. Nothing listens there, so names outside the cluster fail at once.
    [ours.resolvConf]: {
      text: `nameserver ${config['node-ip']}\noptions timeout:1 attempts:1\n`,
      mode: 0o644,
    },
    [unitFile(k3sUnits[role])]: { text: k3sUnit(role), mode: 0o644 },
  };
}

/** Writes them. @param root in front of every path; tests have one. */
export async function writeK3sFiles(files: Record<string, RenderedFile>, root = ''): Promise<void> {
  for (const [path, { text, mode }] of Object.entries(files)) {
    await mkdir(dirname(root + path), { recursive: true });
    await writeAtomic(root + path, text, { mode });
  }
}

/** Makes the agents' token once. */
export async function ensureAgentToken(path: string = ours.agentToken): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeAtomic(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
}
