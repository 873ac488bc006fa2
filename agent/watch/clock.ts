import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { writeAtomic } from '../../host/files.ts';
import type { Watch } from './watch.ts';

/** What is known of time. Milliseconds since the epoch; null where nothing is. */
export interface TimeFacts {
  now: number;
  /** When the box's software was made: no right clock is before it. */
  built: number;
  /** Until when the bundle is good. */
  expires: number | null;
  /** When the cluster's authority begins to be good. */
  authority: number | null;
  /** What the machine's own clock says; null where it has none. */
  hardware: number | null;
}

/** Where the facts are. */
export interface TimeSources {
  now: () => number;
  /** Its time is that of the lock, as that of every file of the software. */
  software: string;
  expires: () => number | null;
  authority: string;
  /** The kernel's view of the machine's clock: seconds since the epoch. */
  hardware: string;
  /** Has the newest time that the box knew, as its own. */
  newest: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NEXT = "set the machine's clock in its firmware, in UTC, and restart the box";

/**
 * Whether the clock can be right: certificates are judged by it. The newest time that fits is remembered, so that a
 * machine that loses its time goes on from there.
 */
export function watchClock(sources: TimeSources): Watch {
  return async () => {
    const facts = await factsOf(sources);
    const why = whyWrong(facts);
    if (why === null) await remember(sources.newest, facts);
    return why === null ? null : { problem: why, nextAction: NEXT };
  };
}

/** What can't be, in one sentence; null for a time that may be right. */
export function whyWrong({ now, built, expires, authority, hardware }: TimeFacts): string | null {
  const says = `the clock says ${day(now)}`;
  // systemd starts no earlier than its files were made (/usr/lib/clock-epoch), usr/lib/cpiab/data no earlier than `clock`.
  if (hardware !== null && hardware < now - DAY_MS)
    return `the machine's clock says ${day(hardware)}; the box goes on from the newest time that it knew, ${day(now)}`;
  if (now < built) return `${says}, before this version was made (${day(built)})`;
  if (authority !== null && now < authority - HOUR_MS)
    return `${says}, but the cluster's certificates begin on ${day(authority)}: it is behind now, or was ahead then`;
  if (expires !== null && now > expires)
    return `${says}, and the bundle was good until ${day(expires)}: the clock is ahead, or the box wants a newer version`;
  return null;
}

async function factsOf(sources: TimeSources): Promise<TimeFacts> {
  const authority = await textOf(sources.authority);
  const hardware = await textOf(sources.hardware);
  return {
    now: sources.now(),
    built: (await stat(sources.software)).mtimeMs,
    expires: sources.expires(),
    authority: authority === null ? null : new X509Certificate(authority).validFromDate.getTime(),
    hardware: hardware === null ? null : Number(hardware) * 1000,
  };
}

/** Once an hour is enough; a time that no bundle bounds is not kept, since nothing would ever take it back. */
async function remember(path: string, { now, expires }: TimeFacts): Promise<void> {
  if (expires === null) return;
  const before = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  if (now - before >= HOUR_MS) await writeAtomic(path, `${new Date(now).toISOString()}\n`);
}

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);

const textOf = (path: string) =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
