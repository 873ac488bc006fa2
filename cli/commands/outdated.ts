import { tracked } from '../../contract/progress.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

export function outdatedCommand(context: CliContext) {
  return command('outdated', 'list what newer there is than what is locked', [
    { line: 'cpiab outdated', does: 'Debian packages, Go modules, Node and published images of site lab' },
    { line: 'cpiab outdated lab --json', does: 'the same as one document' },
  ])
    .argument('[site]', 'which file of config/clusters', 'lab')
    .action(async (name) => {
      const { readSite } = await import('../../builder/config/read-site.ts');
      const { readLock } = await import('../../builder/lock/read.ts');
      const { findNewer } = await import('../../builder/lock/outdated.ts');
      const { buildHost } = await import('../build-host.ts');
      const site = await readSite(context.repository, name);
      const { lock } = await readLock(context.repository, site);
      const part = { id: 'outdated', title: 'ask every source what newer there is' };
      const newer = await tracked(context.progress, part, () => findNewer(site, lock, buildHost(context)));
      const rows = newer.map((found) => [found.kind, found.name, found.locked, found.newest]);
      const text =
        rows.length === 0 ? 'nothing newer' : table([['kind', 'name', 'locked', 'newest'], ...rows]);
      context.print({ site: name, newer }, text);
    });
}
