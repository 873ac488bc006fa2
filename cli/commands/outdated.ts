import { type Outdated, type OutdatedKind, outdatedKinds } from '../../contract/outdated.ts';
import { formatDuration } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { brief } from '../drift-table.ts';
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
      const found = await findNewer(site, lock, buildHost(context));
      const document: Outdated = { apiVersion: 'cpiab.dev/v1', kind: 'Outdated', site: name, ...found };
      context.print(document, outdatedText(document));
    });
}

const titles: Record<OutdatedKind, string> = {
  package: 'Debian packages',
  image: 'images and charts',
  module: 'Go modules',
  node: 'Node.js',
};

/** A table in which kinds stand together, and under it who was asked and how long that took. */
export function outdatedText({ asked, newer }: Outdated): string {
  const rows = outdatedKinds.flatMap((kind) =>
    newer
      .filter((found) => found.kind === kind)
      .map(({ name, locked, newest }, index) => [
        index === 0 ? titles[kind] : '',
        name,
        brief(locked),
        brief(newest),
      ]),
  );
  const took = asked.map(({ kind, tookMs }) => `${titles[kind]} ${formatDuration(tookMs)}`).join(', ');
  const end = `${newer.length === 0 ? 'nothing' : newer.length} newer. Asked: ${took}`;
  return rows.length === 0 ? end : `${table([['', 'name', 'locked', 'newest'], ...rows])}\n${end}`;
}
