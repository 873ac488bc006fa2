import { setTimeout as sleep } from 'node:timers/promises';
import { applyProxmox } from '../../builder/deploy/proxmox/apply.ts';
import { ProxmoxClient } from '../../builder/deploy/proxmox/client.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { ProxmoxPlan } from '../../contract/proxmox.ts';
import { formatBytes } from '../../contract/units.ts';
import { readTextFile } from '../../host/input-file.ts';
import { boxAddress } from '../box/client.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';
import { followToReady } from './follow.ts';

export interface ProxmoxRun {
  /** Path of the medium. */
  path: string;
  /** `USER@REALM!TOKENID`. */
  token: string;
  secretFile: string | undefined;
  box: string | undefined;
  /** Seconds. */
  timeout: number;
}

const POLL_MS = 1000;

/** Makes the machine of a plan; follows the box to Ready where its address and key are known. */
export async function deployProxmox(plan: ProxmoxPlan, run: ProxmoxRun, context: CliContext): Promise<void> {
  const { signal, progress } = context;
  const secret = await readSecret(run.secretFile);
  const address = run.box === undefined ? null : await boxAddress(run.box);
  const pause = (stop: AbortSignal) => sleep(POLL_MS, undefined, { signal: stop });
  const server = { url: plan.server, fingerprint: plan.fingerprint, token: run.token, secret };
  const client = new ProxmoxClient(server, pause, signal);
  const { done } = await applyProxmox(plan, { client, medium: run.path, progress, pause, signal });
  const console = `qm terminal ${plan.vmid}`;
  const status =
    address === null
      ? null
      : await followToReady(address, { timeout: run.timeout, console, signal, progress });
  const { node, vmid } = plan;
  const made = `machine ${vmid} on ${node} runs; ${done.length === 0 ? 'all was done before' : `done: ${done.join(', ')}`}`;
  const next =
    status === null
      ? `next: read address and fingerprint on its console (web interface, or \`${console}\` on ${node}), then\n  cpiab status --watch --box https://ADDRESS:7443#FINGERPRINT`
      : `box ${status.box.id} is ready at ${address?.url.href}`;
  context.print({ node, vmid, done, status }, `${made}\n${next}`);
}

/** The plan as a table of calls, and the parameters of those that change something. */
export function planText({ server, node, vmid, medium, calls }: ProxmoxPlan): string {
  const rows = calls.map(({ name, method, path, when }) => [name, method, path, when]);
  const details = calls.flatMap(({ name, method, parameters }) => {
    const lines = Object.entries(parameters).map(
      ([key, value]) => `  ${key}=${value.replaceAll('\n', '\\n')}`,
    );
    return method === 'GET' || lines.length === 0 ? [] : ['', `${name}:`, ...lines];
  });
  return [
    `${server}: machine ${vmid} on ${node}, from ${medium.name} (${formatBytes(medium.size)})`,
    '',
    table([['call', 'method', 'path', 'when'], ...rows]),
    ...details,
  ].join('\n');
}

/** The secret comes by a file or the environment: other users see the arguments of a process. */
async function readSecret(file: string | undefined): Promise<string> {
  const text = file === undefined ? process.env['CPIAB_PROXMOX_SECRET'] : await readTextFile(file);
  const secret = text?.trim() ?? '';
  if (/^[\x21-\x7e]+$/.test(secret)) return secret;
  throw new CpiabError('E1401', { subject: file ?? 'CPIAB_PROXMOX_SECRET' });
}
