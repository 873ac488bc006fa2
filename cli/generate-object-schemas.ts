/** `npm run objects`: writes what Kubernetes says of its objects, after another version of it was chosen. */
import { dirname, join } from 'node:path';
import { readSite } from '../builder/config/read-site.ts';
import { openBuildRoot } from '../builder/fetch/build-root.ts';
import { fetchObjectSchemas } from '../builder/fetch/object-schemas.ts';
import { goToolchain } from '../builder/fetch/toolchain.ts';
import { readLock } from '../builder/lock/read.ts';
import { writeAtomic } from '../host/files.ts';
import { schemasPath } from '../policy/schema/object-schemas.ts';
import { buildHost } from './build-host.ts';

const repository = dirname(import.meta.dirname);
const host = buildHost({
  repository,
  signal: new AbortController().signal,
  json: false,
  progress: () => {},
  note: () => {},
  print: () => {},
  exitWith: () => {},
});
const site = await readSite(repository, 'lab');
const { lock } = await readLock(repository, site);
const toolchain = await goToolchain(await openBuildRoot(site, lock, host), host);
await writeAtomic(join(repository, schemasPath), await fetchObjectSchemas(toolchain, host));
