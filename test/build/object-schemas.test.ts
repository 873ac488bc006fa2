import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readSite } from '../../builder/config/read-site.ts';
import { openBuildRoot } from '../../builder/fetch/build-root.ts';
import { fetchObjectSchemas } from '../../builder/fetch/object-schemas.ts';
import { goToolchain } from '../../builder/fetch/toolchain.ts';
import { readLock } from '../../builder/lock/read.ts';
import { cacheRoot } from '../../host/cache.ts';
import { schemasPath } from '../../policy/schema/object-schemas.ts';
import { quietHost } from '../support/quiet-host.ts';

const repository = dirname(dirname(import.meta.dirname));

test('the schemas of objects are what the locked sources of Kubernetes say (else: npm run objects)', async () => {
  const host = quietHost(repository, cacheRoot());
  const site = await readSite(repository, 'lab');
  const { lock } = await readLock(repository, site);
  const toolchain = await goToolchain(await openBuildRoot(site, lock, host), host);
  expect(await readFile(join(repository, schemasPath), 'utf8')).toBe(
    await fetchObjectSchemas(toolchain, host),
  );
});
