import type { BuildReport } from '../contract/build-report.ts';
import { CpiabError } from '../contract/errors.ts';
import { flux } from '../contract/layout.ts';
import type { MediaKind } from '../contract/media.ts';
import { volumeSizeOf } from '../contract/site.ts';
import { fullDisk } from '../host/full-disk.ts';
import { digestOfBytes } from '../host/hashing.ts';
import { assembleBundle } from './bundle/assemble.ts';
import { packCommit } from './bundle/git.ts';
import { headOf } from './bundle/head.ts';
import { keysDirectory, siteKeys } from './bundle/keys.ts';
import { keyName } from './bundle/minisign.ts';
import { previousDigest } from './bundle/previous.ts';
import { proveChartsWhole, proveClosedWorld, toClose } from './close/close.ts';
import { composeModules } from './compose/compose.ts';
import { chosenMedia } from './config/media.ts';
import { readSite } from './config/read-site.ts';
import { type BuildRoot, lazyBuildRoot } from './fetch/build-root.ts';
import { carryIn } from './fetch/carry-in.ts';
import { fetchParts } from './fetch/fetch.ts';
import type { Parts } from './fetch/parts.ts';
import { fetchKustomize } from './fetch/tools.ts';
import type { BuildHost } from './host.ts';
import { writeMedia } from './image/media.ts';
import { type Output, openOutput } from './image/output.ts';
import { readLock } from './lock/read.ts';
import { relock } from './lock/relock.ts';
import { refuseVanished } from './lock/vanished.ts';
import { preflightStage } from './preflight/stage.ts';
import { findUnchanged, writeReport } from './report.ts';
import { type RunStage, stages } from './stages.ts';
import { readTimes, Stopwatch } from './times.ts';

/** A scratch directory that nobody touched for a day is of a build that was killed. */
const SCRATCH_LIFE_MS = 24 * 60 * 60 * 1000;

export interface BuildOptions {
  site: string;
  /** Directory for the artifacts, absolute. */
  out: string;
  /** Pack the committed HEAD even though the tree has changes, and mark the bundle. */
  dirty: boolean;
  /** Stop when the mirror has dropped a locked package, rather than lock anew. */
  frozen: boolean;
  /** Media to write beside the bundle; the site's own list unless told. */
  only?: readonly MediaKind[];
  /** Path of the manifest that the bundle follows; it names none unless told. */
  previous?: string;
  /** Most bytes of a volume; the site's own unless told, which may be none. */
  volumeSize?: number;
}

/** A whole build, whose times are kept for the next one. */
export async function build(options: BuildOptions, host: BuildHost): Promise<BuildReport> {
  const stopwatch = new Stopwatch(host.cache, await readTimes(host.cache));
  const watched = { ...host, progress: stopwatch.watch(host.progress) };
  try {
    return await buildWatched(options, watched);
  } catch (error) {
    throw (await fullDisk(error, [host.cache.root, options.out])) ?? error;
  } finally {
    await stopwatch.saved();
  }
}

/** Plans, does nothing when nothing changed, else runs the stages and gives the results their names. */
async function buildWatched(options: BuildOptions, host: BuildHost): Promise<BuildReport> {
  const { stage, times } = stages(host);
  const first = await makePlan(options, host, stage);
  const unchanged = await findUnchanged(options.out, first.inputs, first.head);
  if (unchanged !== null) return unchanged;
  const { site, lock, kinds: media } = first;
  await preflightStage({ site, lock, out: options.out, media }, host, stage);
  if (options.frozen) await refuseVanished(first.site, first.lock, host);
  await host.cache.sweep(Date.now() - SCRATCH_LIFE_MS);
  const output = await openOutput(options.out);
  try {
    await carryStage(first, host, stage);
    const { plan, parts } = await fetchStage(first, options, host, stage);
    const artifacts = await runStages(plan, parts, output, host, stage);
    const { head, inputs, keys } = plan;
    const about = { site: plan.site.name, revision: head.revision, sequence: head.sequence };
    return await writeReport(options.out, {
      ...about,
      inputs,
      key: keyName(keys.site),
      artifacts,
      stages: times,
    });
  } finally {
    await output.close();
  }
}

/** Before the long work: what a folder lacks is told at once, and all of it. */
async function carryStage({ site, lock }: Plan, host: BuildHost, stage: RunStage): Promise<void> {
  const { from } = host;
  if (from !== undefined)
    await stage('carry', `take published parts from ${from}`, () => carryIn(site, lock, host));
}

/** Fetches what the plan's lock says, and where that isn't to be had any more, what a fresh lock says. */
async function fetchStage(plan: Plan, options: BuildOptions, host: BuildHost, stage: RunStage) {
  const fetch = async (current: Plan) => {
    const { site, lock } = current;
    const root = lazyBuildRoot(site, lock, host);
    await closeStage(current, root, host, stage);
    const work = async () => await fetchParts(site, lock, await root(), host);
    return { plan: current, parts: await stage('fetch', 'fill the cache from the lock', work) };
  };
  try {
    return await fetch(plan);
  } catch (error) {
    // A fresh lock asks every registry anew, which a build from a folder is not to do.
    if (!(error instanceof CpiabError) || error.code !== 'E3001' || host.from !== undefined) throw error;
    await relock(error, options.frozen, plan.site, host);
    // The lock is a change that nobody has committed: the bundle says so.
    return await fetch(await makePlan({ ...options, dirty: true }, host, stage));
  }
}

/** Before the long work: it needs nothing but Git, the lock and one tool. */
async function closeStage(
  { site, lock, head }: Plan,
  root: () => Promise<BuildRoot>,
  host: BuildHost,
  stage: RunStage,
): Promise<void> {
  const title = 'close: prove that Git needs nothing outside of the bundle';
  const due = toClose(site);
  if ('skipped' in due && lock.charts.length > 0) {
    await stage('close', 'prove that charts are whole', () => proveChartsWhole(site, lock, host));
    return;
  }
  if ('skipped' in due) {
    host.progress({ type: 'skip', id: 'close', title, detail: due.skipped });
    return;
  }
  await stage('close', title.slice('close: '.length), async () => {
    const tools = await fetchKustomize(await root(), host);
    return await proveClosedWorld({ ...due, lock, ...head, ...tools }, host);
  });
}

/** The other stages that make things, in order. Each takes what the ones before it gave. */
async function runStages(plan: Plan, parts: Parts, output: Output, host: BuildHost, stage: RunStage) {
  const { head, keys } = plan;
  const { box } = parts;
  const composed =
    box === null
      ? null
      : await stage('compose', 'stack the modules', () => composeModules(host, { ...plan, parts, box }));
  const bundle = await stage('bundle', 'describe and sign', async () => {
    const committed = {
      commit: head.commit,
      name: `refs/heads/${flux.branch}`,
      gitDir: async () => head.gitDir,
    };
    const repository = await packCommit(host.cache, parts.sandbox, committed, host.signal);
    return await assembleBundle(host.cache, {
      ...plan,
      ...head,
      parts,
      composed,
      repository,
      key: keys.site,
      rotations: keys.rotations,
    });
  });
  const media = {
    ...plan,
    bundle,
    sandbox: parts.sandbox,
    key: keys.site,
    publicKey: keys.publicKey,
    output,
  };
  return await stage('image', 'write the media', () => writeMedia(host, media));
}

type Plan = Awaited<ReturnType<typeof makePlan>>;

/** All that decides the artifacts, read before any work. */
async function makePlan(options: BuildOptions, { repository, signal }: BuildHost, stage: RunStage) {
  const site = await stage('config', 'read and check the site', () => readSite(repository, options.site));
  const head = await headOf(repository, options.dirty, signal);
  const {
    lock,
    text: lockText,
    digest: lockDigest,
  } = await stage('lock', 'check the lock', () => readLock(repository, site));
  const keys = await siteKeys(keysDirectory(site.name));
  const about = { site: site.name, sequence: head.sequence };
  const previous = options.previous === undefined ? null : await previousDigest(options.previous, about);
  const kinds = chosenMedia(site, options.only);
  const volumeSize = options.volumeSize ?? volumeSizeOf(site);
  const form = [...kinds, ...(volumeSize === undefined ? [] : [String(volumeSize)])];
  const parts = [
    head.revision,
    lockDigest,
    keys.publicKey,
    ...keys.rotations.values(),
    keys.operatorCa,
    ...(previous === null ? [] : [`previous ${previous}`]),
    ...form,
  ];
  const inputs = digestOfBytes(JSON.stringify(parts));
  return { site, head, lock, lockText, previous, epoch: lock.epoch, keys, kinds, volumeSize, inputs };
}
