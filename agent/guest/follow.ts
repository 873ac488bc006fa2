import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '../../contract/layout.ts';
import { type BoxStatus, BoxStatusSchema } from '../../contract/status.ts';
import { getPinned } from '../../host/pinned-https.ts';
import { spkiFingerprint } from '../api/identity.ts';
import type { Paths } from '../board.ts';

const POLL_MS = 1000;

/** Asks this machine's own agent, known by the certificate that it made; null while it does not answer. */
export async function ownStatus({ tls }: Pick<Paths, 'tls'>): Promise<BoxStatus | null> {
  try {
    const certificate = await readFile(join(tls, 'api.crt'), 'utf8');
    const url = new URL(`https://127.0.0.1:${ports.api}/v1/status`);
    const { body } = await getPinned(url, spkiFingerprint(certificate));
    return BoxStatusSchema.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}

/** Tells what the agent is at, and what is wrong, each when it changes, until the machine is a Ready node. @returns whether it is. */
export async function follow(
  ask: () => Promise<BoxStatus | null>,
  say: (line: string) => void,
  signal: AbortSignal,
  pollMs: number = POLL_MS,
): Promise<boolean> {
  for (let said: readonly string[] = []; ; ) {
    const status = await ask();
    const lines = status === null ? ['starting the agent'] : statusLines(status);
    lines.filter((line) => !said.includes(line)).forEach(say);
    said = lines;
    if (status?.phase === 'ready') return true;
    if (status?.phase === 'failed') return false;
    await sleep(pollMs, undefined, { signal });
  }
}

/** Where a node stands, and what is wrong, if anything. */
export function statusLines({ phase, steps, problem, nextAction, node }: BoxStatus): string[] {
  const step = steps.findLast(({ state }) => state === 'running');
  const ready = `${node?.name ?? 'this machine'} is a node of ${node?.box ?? 'its box'}`;
  const at = step === undefined ? phase : `${step.name}: ${step.detail === '' ? 'begun' : step.detail}`;
  const wrong = problem === null ? [] : [`problem: ${problem}\nhint: ${nextAction}`];
  return [phase === 'ready' ? ready : at, ...wrong];
}
