import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleBundle } from '../../builder/bundle/assemble.ts';
import { siteKeys } from '../../builder/bundle/keys.ts';
import { writeBundle } from '../../builder/bundle/write.ts';
import { fetchUpstream } from '../../builder/fetch/upstream.ts';
import { formatLock } from '../../builder/lock/resolve.ts';
import { lockUpstream } from '../../builder/lock/upstream.ts';
import { SiteSchema } from '../../contract/site.ts';
import { Cache } from '../../host/cache.ts';
import { tinyLock } from '../../test/support/tiny-lock.ts';

/**
 * One build as the benchmark times it, in a process of its own: resolve, fetch, describe, sign, write.
 * Arguments: registry address, directory, references. Prints milliseconds, peak memory and bytes written.
 */
const [mirror = '', directory = '', ...references] = process.argv.slice(2);
const { signal } = new AbortController();
const site = SiteSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'bench',
  registries: { 'docker.io': { mirrors: [mirror] } },
});
const started = performance.now();
const host = {
  repository: directory,
  cache: new Cache(join(directory, 'cache')),
  progress: () => {},
  signal,
  writeLog: async (name: string) => name,
};
const lock = tinyLock({ site: 'bench', upstream: await lockUpstream(references, site, host) });
const images = await fetchUpstream(site, lock, host);
const keys = await siteKeys(join(directory, 'keys'));
const bundle = await assembleBundle(host.cache, {
  site,
  lock,
  lockText: formatLock(lock),
  revision: '2'.repeat(40),
  sequence: 1,
  parts: { images, components: [] },
  composed: null,
  repository: { file: await host.cache.put('no repository'), cached: false },
  key: keys.site,
});
await writeBundle(host.cache, bundle, join(directory, 'bundle'), signal);
const ms = performance.now() - started;
const io = await readFile('/proc/self/io', 'utf8');
const written = Number(/^wchar: (?<bytes>\d+)$/m.exec(io)?.groups?.['bytes'] ?? 0);
process.stdout.write(`${JSON.stringify({ ms, rss: process.resourceUsage().maxRSS * 1024, written })}\n`);
