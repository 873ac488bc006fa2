import { rm } from 'node:fs/promises';
import type { App } from '../../contract/app.ts';
import { messageOf } from '../../contract/message-of.ts';
import { failedChecks, type PostcheckEntry, type PostcheckReport } from '../../contract/postcheck.ts';
import { type PostcheckKind, type PostcheckName, postchecks } from '../../contract/postcheck-table.ts';
import type { Board } from '../board.ts';
import { checkHealth, listApps } from './apps.ts';
import { checks } from './checks.ts';
import { snapshotFile } from './engine.ts';
import { FluxProbe } from './flux-probe.ts';
import { inOrder } from './in-order.ts';
import type { Check, Look } from './look.ts';
import { checkMedia } from './media.ts';
import { notApplicable, type Outcome, unknown } from './outcome.ts';
import { emulated, patient } from './patient.ts';
import { FluxSource, probePlaces, removeProbes } from './probe.ts';
import { clearScratch, makeScratch } from './scratch.ts';
import { settling } from './settling.ts';

/** Of one check, also where it shares a probe with others. */
const LIMIT_MS = patient(300_000);

/** One check of this run. */
interface Item {
  id: string;
  kind: PostcheckKind;
  required: boolean;
  check: Check;
}

/** Told of each check as it ends. */
type Tell = (check: PostcheckEntry, of: number) => void;

/**
 * Runs every check, and takes away what they made, whatever happens.
 * @param now milliseconds since the epoch.
 */
export async function runPostcheck(
  board: Board,
  tell: Tell,
  now: () => number,
  signal: AbortSignal,
): Promise<PostcheckReport> {
  const began = now();
  const look = await lookOf(board, signal);
  await clearAway(board, signal);
  const items = [...itemsOf(checks), ...(await appItems(look))];
  const done: PostcheckEntry[] = [];
  try {
    const found = await inOrder(items, AT_ONCE, async (item) => {
      const entry = await runCheck(item, look, now);
      tell(entry, items.length);
      return entry;
    });
    done.push(...found);
  } finally {
    // Also of a run that was given up: by its own time, not by who asked for it.
    await clearAway(board, AbortSignal.timeout(LIMIT_MS));
  }
  return reportOf(look, done, { began, ended: now() });
}

/** More at once take each other's time: what waits for a pod or an answer would give up on a small or slow machine. */
const AT_ONCE = emulated ? 2 : 6;

/** Takes away what a run made, also one that was cut off. */
export async function clearAway(board: Board, signal: AbortSignal): Promise<void> {
  await clearScratch(board.get('kube'), signal);
  await removeProbes(probePlaces(board.paths, board.site.network.nodeAddress));
  await rm(snapshotFile(board.paths), { force: true });
}

/** What a run left that ended with the agent. A cluster that does not answer is told, and asked by the next run. */
export async function clearLeftovers(
  board: Board,
  log: (level: 'error', entry: Record<string, unknown>) => void,
  signal: AbortSignal,
): Promise<void> {
  await clearAway(board, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    log('error', { postcheckLeftovers: messageOf(error) });
  });
}

/** What the checks of a run look at. */
export async function lookOf(board: Board, signal: AbortSignal): Promise<Look> {
  const [kube, git] = [board.get('kube'), board.get('git')];
  let made: Promise<void> | undefined;
  const scratch = () => {
    made ??= makeScratch(kube, signal);
    return made;
  };
  const places = probePlaces(board.paths, board.site.network.nodeAddress);
  const source = new FluxSource('probe', places, kube);
  const probe = new FluxProbe({ source, kube, scratch, signal });
  const head = await git.head(signal);
  return { board, kube, git, head, manifest: board.get('manifest'), scratch, probe, signal };
}

const itemsOf = (all: typeof checks): Item[] =>
  Object.entries(all).map(([id, check]) => item(id as PostcheckName, check));

const requiredOf = (kind: PostcheckKind) => ({ kind, required: kind.optional !== true });

/** Some for each app of the site. That they cannot be listed is a failure of its own. */
async function appItems(look: Look): Promise<Item[]> {
  try {
    const apps = await listApps(look);
    const media = apps.flatMap(({ app }) => (app.media === undefined ? [] : { ...app, media: app.media }));
    return [
      ...apps.map(({ app }) =>
        appItem(
          'apps/health',
          app,
          settling((each) => checkHealth(app, each)),
        ),
      ),
      ...media.map((app) => appItem('apps/media', app, (each) => checkMedia(app, each))),
      ...(media.length === 0 ? [item('apps/media', async () => noMedia)] : []),
    ];
  } catch (error) {
    return [item('apps/health', () => Promise.reject(error))];
  }
}

const noMedia = notApplicable('no app of the site names a media volume in its app.yaml');

const item = (id: PostcheckName, check: Check): Item => ({ id, check, ...requiredOf(postchecks[id]) });

function appItem(id: PostcheckName, app: App, check: Check): Item {
  const kind = postchecks[id];
  return {
    ...{ id: `${id}/${app.name}`, required: app.internet === 'none' },
    ...{ kind: { ...kind, title: kind.title.replace('the app', app.title) }, check },
  };
}

async function runCheck(
  { id, kind, required, check }: Item,
  look: Look,
  now: () => number,
): Promise<PostcheckEntry> {
  const began = now();
  const { result, evidence } = await outcomeOf(check, look);
  const { group, title, why, fix } = kind;
  return { id, group, title, required, result, evidence, why, fix, tookMs: now() - began };
}

async function outcomeOf(check: Check, look: Look): Promise<Outcome> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    return await check({ ...look, signal: AbortSignal.any([look.signal, limit]) });
  } catch (error) {
    look.signal.throwIfAborted();
    if (limit.aborted) return unknown(`took longer than ${LIMIT_MS / 1000} s`);
    return unknown(messageOf(error));
  }
}

function reportOf(
  { board, head, manifest }: Look,
  done: PostcheckEntry[],
  { began, ended }: { began: number; ended: number },
): PostcheckReport {
  const { id, fingerprint, site } = board.report.snapshot().box;
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'PostcheckReport',
    box: { id, fingerprint, site },
    bundle: { sequence: manifest.sequence, lock: manifest.lock },
    revision: head.id,
    time: new Date(began).toISOString(),
    tookMs: ended - began,
    checks: done,
    verdict: failedChecks({ checks: done }).length === 0 ? 'pass' : 'fail',
  };
}
