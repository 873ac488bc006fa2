import { join } from 'node:path';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { Cache } from '../../../host/cache.ts';
import { tinyLock } from '../tiny-lock.ts';

/** A program that fetches images, for tests that end it. Arguments: registry address, directory, references. */
const [mirror = '', directory = '', ...references] = process.argv.slice(2);
const site = SiteSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'harbour',
  registries: { 'docker.io': { mirrors: [mirror] } },
});
const host = {
  repository: directory,
  cache: new Cache(join(directory, 'cache')),
  progress: () => {},
  signal: new AbortController().signal,
  writeLog: async (name: string) => name,
};
const upstream = await lockUpstream(references, site, host);
await fetchUpstream(site, tinyLock({ upstream }), host);
