import { createHash } from 'node:crypto';
import type { BuildReport } from '../contract/build-report.ts';
import { assembleBundle } from './bundle/assemble.ts';
import { packRepository } from './bundle/git.ts';
import { headOf } from './bundle/head.ts';
import { keyName } from './bundle/minisign.ts';
import { keysDirectory, siteKeys } from './bundle/keys.ts';
import { composeModules } from './compose/compose.ts';
import { readSite } from './config/read-site.ts';
import { fetchParts } from './fetch/fetch.ts';
import type { BuildHost } from './host.ts';
import { type MediaKind, writeMedia } from './image/media.ts';
import { openOutput } from './image/output.ts';
import { preflight } from './lock/preflight.ts';
import { readLock } from './lock/read.ts';
import { findUnchanged, writeReport } from './report.ts';
import { stages } from './stages.ts';

export interface BuildOptions {
  site: string;
  /** Directory for the artifacts, absolute. */
  out: string;
  /** Pack the committed HEAD even though the tree has changes, and mark the bundle. */
  dirty: boolean;
  /** Media to write beside the bundle; the site's own list unless told. */
  only?: readonly MediaKind[];
}

/** The whole build, in order. Each stage takes what the ones before it gave. */
export async function build(options: BuildOptions, host: BuildHost): Promise<BuildReport> {
  const { stage, times } = stages(host);
  const { repository, cache, signal } = host;
  const site = await stage('config', 'read and check the site', () => readSite(repository, options.site));
  const head = await headOf(repository, options.dirty, signal);
  const { lock, digest: lockDigest } = await stage('lock', 'check the lock', () => readLock(repository, site));
  const keys = await siteKeys(keysDirectory(site.name));
  const kinds = options.only ?? site.media;
  const inputs = digestOf([head.revision, lockDigest, keys.publicKey, keys.operatorCa, ...kinds]);
  const unchanged = await findUnchanged(options.out, inputs, head);
  if (unchanged !== null) return unchanged;
  await preflight(lock, { cacheRoot: cache.root, out: options.out });
  const output = await openOutput(options.out);
  try {
    const parts = await stage('fetch', 'fill the cache from the lock', () => fetchParts(site, lock, host));
    const composed = await stage('compose', 'stack the modules', () => composeModules(host, { site, epoch: lock.epoch, parts, keys }));
    const bundle = await stage('bundle', 'describe and sign', async () => {
      const repo = await packRepository(cache, parts.sandbox, head.gitDir, head.commit, signal);
      const { revision, sequence } = head;
      const input = { site, lock, lockDigest, revision, sequence, parts, composed, repository: repo, key: keys.site };
      return await assembleBundle(cache, input);
    });
    const media = { site, bundle, epoch: lock.epoch, sandbox: parts.sandbox, key: keys.site, publicKey: keys.publicKey, output, kinds };
    const artifacts = await stage('image', 'write the media', () => writeMedia(host, media));
    const { revision, sequence } = head;
    const report = { site: site.name, revision, sequence, inputs, key: keyName(keys.site), artifacts, stages: times };
    return await writeReport(options.out, report);
  } finally {
    await output.close();
  }
}

const digestOf = (parts: string[]) => `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
