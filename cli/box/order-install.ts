import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { type InstallRequest, InstallRequestSchema } from '../../contract/install.ts';
import type { BoxStatus } from '../../contract/status.ts';
import { formatBytes } from '../../contract/units.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';
import { type BoxAddress, fetchStatus } from './client.ts';
import { type OperatorClient, post } from './operator.ts';

const POLL_MS = 2000;
/** Questions in a row without an answer after which a box counts as lost. */
const MOST_SILENT = 60;
const DiskSchema = InstallRequestSchema.shape.disk;

/** What a person wrote after `--disk`. @throws CpiabError E1010 for what is no rule. */
export function ruleOf(text: string): InstallRequest['disk'] {
  const pairs = text.split(',').map((part) => {
    const [key = '', ...value] = part.split('=');
    return value.length === 0 ? ['name', key] : [key, value.join('=')];
  });
  const rule = DiskSchema.safeParse(Object.fromEntries(pairs));
  if (rule.success) return rule.data;
  throw new CpiabError('E1010', {
    subject: '--disk',
    args: [`${text} is no rule for a disk`, 'cpiab install'],
  });
}

/** The disks that a box offers. @throws CpiabError E1307 when it offers none. */
export function diskTable({ install, box }: BoxStatus): string {
  if (install === null) throw new CpiabError('E1307', { subject: box.site });
  return table([
    ['disk', 'size', 'model', 'serial', 'holds'],
    ...install.disks.map(({ name, size, model, serial, content }) => [
      ...[name, formatBytes(size), model || '-', serial || '-'],
      content.replace(/^holds /, ''),
    ]),
  ]);
}

/** @returns what the box calls the disk. @throws CpiabError E5308 with why it refuses. */
export async function orderInstall(client: OperatorClient, request: InstallRequest): Promise<string> {
  const asked = post(request, 120_000);
  return (await client.ask('/v1/install', asked, z.object({ disk: z.string() }))).disk;
}

/**
 * Follows an installation until the machine starts again: then the box that was asked is gone, and what answers has
 * another key.
 * @throws CpiabError E5003 it stopped, E5004 it is gone before all was read back, E5310 it takes too long.
 */
export async function followInstall(
  address: BoxAddress,
  seconds: number,
  { progress, signal }: Pick<CliContext, 'progress' | 'signal'>,
): Promise<void> {
  const started = performance.now();
  const tookMs = () => Math.round(performance.now() - started);
  const [id, subject] = ['install', address.url.href];
  progress({ type: 'start', id, title: 'the box installs itself' });
  let [step, said, silent] = ['choose', 'no answer yet', 0];
  while (tookMs() < seconds * 1000) {
    const status = await fetchStatus(address).catch((error: unknown) => {
      if (isGone(error, step, ++silent)) return 'gone' as const;
      return null;
    });
    if (status === 'gone') return progress({ type: 'done', id, tookMs: tookMs(), detail: said });
    if (status !== null) {
      rejectStopped(status, subject);
      const { name, detail } = status.steps.findLast(({ state }) => state !== 'waiting') ?? {
        name: step,
        detail: '',
      };
      [step, said, silent] = [name, `${name}: ${detail}`, 0];
      progress({ type: 'progress', id, detail: said });
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new CpiabError('E5310', { subject, args: [String(seconds), said] });
}

/** Whether a box that does not answer has started again. A busy one may answer late. @throws the error when it can't go on. */
function isGone(error: unknown, step: string, silent: number): boolean {
  const code = error instanceof CpiabError ? error.code : null;
  const wasRead = step === 'verify' || step === 'restart';
  if (wasRead && (code === 'E5005' || (step === 'restart' && silent > 1))) return true;
  if (code === 'E5004' && silent < MOST_SILENT) return false;
  throw error;
}

function rejectStopped({ phase, steps, problem, nextAction }: BoxStatus, subject: string): void {
  if (phase !== 'failed') return;
  const step = steps.findLast(({ state }) => state === 'failed')?.name ?? 'choose';
  const args: [string, string, string] = [
    step,
    problem ?? 'no reason given',
    nextAction ?? 'see its console',
  ];
  throw new CpiabError('E5003', { subject, args });
}
