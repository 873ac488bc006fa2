import { existsSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { formatBytes } from '../../contract/units.ts';
import { run } from '../../host/process.ts';
import type { Paths } from '../board.ts';
import type { Problem } from '../report/report.ts';
import { seldom } from './seldom.ts';
import type { Watch } from './watch.ts';

export interface SpaceLimits {
  /** Share of the disk below which a person is told. */
  low: number;
  /** Bytes below which the reserve is given up. */
  full: number;
  /** Bytes that are kept back for that. */
  reserve: number;
}

/**
 * What etcd, Git and the audit log write in a day is far less than the reserve: with it a full box can be pushed the
 * commit that empties it.
 */
const limits: SpaceLimits = { low: 0.1, full: 32 << 20, reserve: 128 << 20 };

/** Walking through the whole state costs a disk that is nearly full more than the news is worth. */
const MOST_AGE_MS = 300_000;

const NEXT =
  'remove volumes, by a push that takes away what claims them, or backups that nobody needs, or give the box a larger disk; it goes on by itself then';

/**
 * How full the disk with the state is. Some of it is kept back in a file, which is given up when all else is used:
 * there is no shell to make room with, and making it needs room itself.
 * @param kind whether it lies on a disk; memory has no reserve to give.
 */
export function watchSpace(
  { state, reserve }: Pick<Paths, 'state' | 'reserve'>,
  kind: 'disk' | 'memory',
  own: SpaceLimits = limits,
): Watch {
  const most = seldom(MOST_AGE_MS, (signal: AbortSignal) => largest(state, signal));
  return async (signal) => {
    const { bavail, blocks, bsize } = await statfs(state);
    const [free, total] = [bavail * bsize, blocks * bsize];
    if (kind === 'disk') await keepReserve(reserve, free, own, signal);
    const given = kind === 'disk' && total >= own.reserve * 8 && !existsSync(reserve);
    if (free > own.low * total && free > own.full && !given) return null;
    return tooFull({ free, total, full: free <= own.full || given }, await most(signal));
  };
}

/** Makes the reserve where there is ample room, gives it up where there is none. */
async function keepReserve(path: string, free: number, own: SpaceLimits, signal: AbortSignal): Promise<void> {
  if (free <= own.full) return await rm(path, { force: true });
  if (existsSync(path) || free < own.reserve * 2) return;
  await run(['fallocate', '--length', String(own.reserve), path], { signal });
}

function tooFull(
  { free, total, full }: { free: number; total: number; full: boolean },
  most: string,
): Problem {
  const amount = `${formatBytes(free)} of ${formatBytes(total)} are free`;
  const how = full ? 'is full' : 'is nearly full';
  return { problem: `the place of the box's state ${how}: ${amount}; most is in ${most}`, nextAction: NEXT };
}

/** The three largest entries, such as `volumes (1.4 GB)`. */
async function largest(state: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await run(
    ['du', '--one-file-system', '--block-size=1', '--max-depth=1', '--all', state],
    { signal, timeoutMs: 60_000 },
  );
  const entries = stdout.split('\n').flatMap((line) => {
    const [bytes, path = ''] = line.split('\t');
    return path === '' || path === state
      ? []
      : [{ name: path.slice(state.length + 1), bytes: Number(bytes) }];
  });
  const [...three] = entries.sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  return three.map(({ name, bytes }) => `${name} (${formatBytes(bytes)})`).join(', ');
}
