import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parse } from 'yaml';
import { box } from '../../contract/layout.ts';
import { parseBoxSite } from '../../contract/site.ts';
import { writeAtomic } from '../../host/files.ts';
import { applySeed, thisMachine } from './apply.ts';
import { findSeed } from './found.ts';

/**
 * What the seed's units run, before the agent itself: `for-data` writes what the seed says about installing, and
 * the passphrase of the state, to where the data unit looks; `apply` gives the machine its name and network.
 */
export async function seedCommand(what: string | undefined): Promise<void> {
  const site = parseBoxSite(parse(await readFile(box.site, 'utf8')));
  await mkdir(dirname(box.seedResult), { recursive: true });
  if (what === 'for-data') {
    const found = await findSeed(box.seedFound);
    // A mistake is told by `apply`.
    const read = await found?.read(site).catch(() => null);
    if (read?.seed.install) await writeAtomic(box.seedInstall, `${read.seed.install.mode}\n`);
    if (read?.seed.disk) await writeAtomic(box.seedPassphrase, read.seed.disk.passphrase, { mode: 0o600 });
  } else await applySeed(box, site, thisMachine);
}
