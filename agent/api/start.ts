import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { ports } from '../../contract/layout.ts';
import { AuditLog, theBox } from '../audit/log.ts';
import type { Backups } from '../backup/backups.ts';
import type { Board } from '../board.ts';
import { LiveConnections } from '../enroll/live.ts';
import { openEnrollment } from '../enroll/open.ts';
import { openExpander } from '../expand/keep.ts';
import { Peers } from '../members/peers.ts';
import { closed } from '../report/closed.ts';
import { journal } from '../report/journal.ts';
import { openSeal } from '../seal.ts';
import { uptimeMs } from '../uptime.ts';
import { serveApi } from './api.ts';
import { type ApiIdentity, apiIdentity } from './identity.ts';
import { type Readers, serveNodes } from './node-registry.ts';
import { apiParts } from './parts.ts';

/** Wall clock, and milliseconds since power-on. */
const clocks = { wall: Date.now, uptime: uptimeMs };

/**
 * Opens the audit log and the record of nodes, and serves the API until it is told to stop.
 * @param takesNodes whether this is a box: a node lets nobody in.
 */
export async function startApi(
  board: Board,
  backups: Backups,
  { restored, takesNodes }: { restored: boolean; takesNodes: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { report, site, paths } = board;
  const names = [...new Set(['localhost', hostname(), '127.0.0.1', '::1', site.network.nodeAddress])];
  const identity = await apiIdentity(paths.tls, names);
  report.set({ fingerprint: identity.fingerprint });
  board.put('identity', identity);
  const operatorCa = await readFile(paths.operatorCa, 'utf8');
  const live = new LiveConnections();
  await openAudit(board, identity, restored);
  if (takesNodes && board.peek('audit') !== undefined) await openNodes(board, live, restored, signal);
  const parts = await apiParts(board, backups, identity, signal);
  if (takesNodes) await serveNodes(readersOf(board), identity, live, signal);
  await serveApi(parts, identity, operatorCa, live, ports.api, signal, journal);
}

/** Nobody reads before the record of nodes is open. */
const readersOf = (board: Board): Readers => ({
  registry: () => (board.peek('enrollment') === undefined ? undefined : board.peek('served')?.registry),
  expectMember: (peer) => board.get('enrollment').expectMember(peer),
  refuses: (key) => board.peek('enrollment')?.refuses(key) ?? false,
});

/** A box whose disk refuses must still be able to say so: it goes on, and takes no push. */
async function openAudit(board: Board, identity: ApiIdentity, restored: boolean): Promise<void> {
  const { paths, report } = board;
  try {
    const seal = await openSeal(paths.sealKey, report.snapshot().box.id, identity);
    const audit = await AuditLog.open(paths.audit, seal, clocks);
    await audit.record({ who: theBox, action: 'start', subject: 'agent', outcome: 'done', detail: '' });
    board.put('seal', seal);
    if (restored)
      await audit.record({ who: theBox, action: 'restore', subject: 'state', outcome: 'done', detail: '' });
    board.put('audit', audit);
  } catch (error) {
    closed(report, error, {
      topic: 'audit',
      what: 'the audit log cannot be written',
      nextAction: 'restart the box; if this stays, its data disk is full or failing: replace it',
    });
  }
}

/** A box whose record of nodes is damaged serves all else; it lets nobody in, and says so. */
async function openNodes(
  board: Board,
  live: LiveConnections,
  restored: boolean,
  signal: AbortSignal,
): Promise<void> {
  try {
    board.put('peers', new Peers(board.site.network.nodeAddress));
    board.put('enrollment', await openEnrollment(board, live, restored, clocks, signal));
    board.put('expander', await openExpander(board, clocks));
  } catch (error) {
    closed(board.report, error, {
      topic: 'enrollment',
      what: 'the record of nodes cannot be read',
      nextAction: 'restore a backup of the box; until then no machine can join or renew',
    });
  }
}
