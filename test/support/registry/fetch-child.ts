import { join } from 'node:path';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import { asError } from '../../../cli/as-error.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { quietHost } from '../quiet-host.ts';
import { tinyLock } from '../tiny-lock.ts';

/** A program that fetches images, for tests that end it. Arguments: registry address, directory, references. */
const [mirror = '', directory = '', ...references] = process.argv.slice(2);
const site = SiteSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'harbour',
  registries: { 'docker.io': { mirrors: [mirror] } },
});
const host = quietHost(directory, join(directory, 'cache'));
try {
  const upstream = await lockUpstream(references, site, host);
  await fetchUpstream(site, tinyLock({ upstream }), host);
} catch (error) {
  const told = await asError(error, 'fetch', host.signal);
  process.stderr.write(`${JSON.stringify(told)}\n`);
  process.exitCode = told.exit;
}
