import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchUpstream } from '../../builder/fetch/upstream.ts';
import { lockUpstream } from '../../builder/lock/upstream.ts';
import { SiteSchema } from '../../contract/site.ts';
import { quietHost } from '../../test/support/quiet-host.ts';
import { bundleOfImages } from '../../test/support/tiny-bundle.ts';
import { tinyLock } from '../../test/support/tiny-lock.ts';

/**
 * One build as the benchmark times it, in a process of its own: resolve, fetch, describe, sign, write.
 * Arguments: registry address, directory, references. Prints peak memory and bytes written.
 */
const [mirror = '', directory = '', ...references] = process.argv.slice(2);
const site = SiteSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'bench',
  registries: { 'docker.io': { mirrors: [mirror] } },
});
const host = quietHost(directory, join(directory, 'cache'));
const lock = tinyLock({ site: 'bench', upstream: await lockUpstream(references, site, host) });
const images = await fetchUpstream(site, lock, host);
await bundleOfImages(directory, 'bundle', { lock, images, sequence: 1, cache: host.cache });
const io = await readFile('/proc/self/io', 'utf8');
const written = Number(/^wchar: (?<bytes>\d+)$/m.exec(io)?.groups?.['bytes'] ?? 0);
process.stdout.write(`${JSON.stringify({ rss: process.resourceUsage().maxRSS * 1024, written })}\n`);
