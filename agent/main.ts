import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { box, ports } from '../contract/layout.ts';
import { parseBoxSite } from '../contract/site.ts';
import { writeAtomic } from '../host/files.ts';
import { run } from '../host/process.ts';
import { serveApi } from './api/api.ts';
import { type ApiIdentity, apiIdentity } from './api/identity.ts';
import { apiParts } from './api/parts.ts';
import { AuditLog, theBox } from './audit/log.ts';
import { Backups } from './backup/backups.ts';
import { finishRestore } from './backup/finish.ts';
import { keepBackups } from './backup/schedule.ts';
import { Board } from './board.ts';
import { boot } from './boot.ts';
import { showOnConsoles } from './console/console.ts';
import { thisMachine } from './install/machine.ts';
import { installMode, installSequence } from './install/sequence.ts';
import { firmwareKind } from './observe/firmware.ts';
import { observeAlways } from './observe/loop.ts';
import { journal } from './report/journal.ts';
import { logChanges } from './report/log.ts';
import { BoxReport } from './report/report.ts';
import { openSeal } from './seal.ts';
import { sequence } from './sequence.ts';
import { findSlots } from './slots/disk.ts';
import { dismissGuard, holdTrial } from './update/trial.ts';
import { Updater } from './update/updater.ts';

const OBSERVE_MS = 15_000;

/** Milliseconds since power-on. */
const now = () => uptime() * 1000;
const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal });

/** Runs the box's agent until it is told to stop. */
async function main(): Promise<void> {
  const life = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => life.abort());
  const site = parseBoxSite(parse(await readFile(box.site, 'utf8')));
  // Before anything reads the state.
  const restored = await finishRestore(box.state);
  const state = await stateKind(box.stateKind);
  const mode = await installMode(box.installMode, state);
  const steps = mode === 'never' ? sequence : installSequence(thisMachine(life.signal), mode);
  const report = new BoxReport(
    steps.map(({ name }) => name),
    now,
    site.name,
  );
  report.mark('agent', process.uptime() * 1000);
  const abandon = (why: unknown) => {
    journal('error', { abandoned: why instanceof Error ? why.message : String(why) });
    life.abort(why);
  };
  const board = new Board(site, report, abandon);
  logChanges(report, journal);
  report.set({
    id: await boxId(box.boxId),
    state,
    firmware: await firmwareKind(),
  });
  showOnConsoles(report, now, life.signal);
  await openUpdates(board, life.signal).catch((error: unknown) => warnOfUpdates(report, error));
  const backups = new Backups(board, Date.now);
  startApi(board, backups, restored, life.signal).catch(abandon);
  keepBackups(board, backups, Date.now, life.signal).catch(abandon);
  const complete = await boot(steps, board, pause, life.signal);
  if (!complete) journal('error', { stopped: report.snapshot().problem, code: report.code });
  await observeAlways(board, OBSERVE_MS, life.signal);
}

/** On a disk: looks where the last change of version stands, and goes on with it. */
async function openUpdates(board: Board, signal: AbortSignal): Promise<void> {
  const { paths, report, site } = board;
  const slots = await findSlots(paths.medium, paths.run);
  if (slots === null) return;
  const updater = await Updater.open(
    {
      ...{ slots, paths, tries: site.update.tries, wall: Date.now },
      trust: { keyFile: paths.siteKey, rotations: paths.rotations, site: site.name },
      // Who asked for it gets an answer first.
      restart: async () => void setTimeout(() => run(['systemctl', 'reboot']).catch(board.abandon), 1000),
      tell: (status) => report.observe(status),
    },
    signal,
  );
  board.put('updater', updater);
  await updater.resume(signal);
  if (updater.onTrial) void holdTrial(board, updater, signal).catch(board.abandon);
  else await dismissGuard(paths.run);
}

/** A box whose other slot can't be looked at runs on; a wrong bundle is for the first step to tell. */
function warnOfUpdates(report: BoxReport, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  journal('error', { updates: 'not open', why });
  const nextAction = 'restart the box; if this stays, its disk is failing: replace it';
  report.warn({ problem: `the box's slots cannot be used: ${why}`, nextAction });
}

async function startApi(
  board: Board,
  backups: Backups,
  restored: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { report, site, paths } = board;
  const names = [...new Set(['localhost', hostname(), '127.0.0.1', '::1', site.network.nodeAddress])];
  const identity = await apiIdentity(paths.tls, names);
  report.set({ fingerprint: identity.fingerprint });
  const operatorCa = await readFile(paths.operatorCa, 'utf8');
  await openAudit(board, identity, restored);
  const parts = await apiParts(board, backups, identity, signal);
  await serveApi(parts, identity, operatorCa, ports.api, signal, journal);
}

/** A box whose disk refuses must still be able to say so: it goes on, and takes no push. */
async function openAudit(board: Board, identity: ApiIdentity, restored: boolean): Promise<void> {
  const { paths, report } = board;
  try {
    const seal = await openSeal(paths.sealKey, report.snapshot().box.id, identity);
    const audit = await AuditLog.open(paths.audit, seal, { wall: Date.now, uptime: now });
    await audit.record({ who: theBox, action: 'start', subject: 'agent', outcome: 'done', detail: '' });
    board.put('seal', seal);
    if (restored)
      await audit.record({ who: theBox, action: 'restore', subject: 'state', outcome: 'done', detail: '' });
    board.put('audit', audit);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    journal('error', { audit: 'not open', why });
    const nextAction = 'restart the box; if this stays, its data disk is full or failing: replace it';
    report.warn({ problem: `the audit log cannot be written: ${why}`, nextAction });
  }
}

/** The name a box gives itself once: a machine id may be copied with a disk image. */
async function boxId(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known.trim() !== '') return known.trim();
  const fresh = randomUUID();
  await writeAtomic(path, `${fresh}\n`);
  return fresh;
}

async function stateKind(path: string): Promise<'disk' | 'memory'> {
  return (await readFile(path, 'utf8')).trim() === 'disk' ? 'disk' : 'memory';
}

main().catch((error: unknown) => {
  const stopped = error instanceof Error && error.name === 'AbortError';
  if (!stopped) journal('error', { ended: error instanceof Error ? error.stack : String(error) });
  process.exit(stopped ? 0 : 1);
});
