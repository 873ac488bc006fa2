import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

export function lockCommand(context: CliContext) {
  return command('lock', 'pin every reference of a site', [
    { line: 'cpiab lock', does: 'write config/clusters/lab.lock.json anew' },
    {
      line: 'cpiab lock lab --update git runc',
      does: 'take newer versions of these packages, keep the others',
    },
    { line: 'cpiab lock --check', does: 'fail if the lock is older than what it was made from' },
  ])
    .argument('[site]', 'which file of config/clusters', 'lab')
    .option('--update <names...>', 'packages to take in their newest version; the others stay as locked')
    .option('--check', 'write nothing', false)
    .action(async (name, { update, check }) => {
      const { readSite } = await import('../../builder/config/read-site.ts');
      const { lockPath, readLock } = await import('../../builder/lock/read.ts');
      const site = await readSite(context.repository, name);
      const path = lockPath(context.repository, name);
      if (check) {
        const { digest } = await readLock(context.repository, site);
        context.print({ site: name, path, digest, changes: [] }, `${path} is up to date`);
        return;
      }
      const { updateLock } = await import('../../builder/lock/update.ts');
      const { buildHost } = await import('../build-host.ts');
      const { changes } = await updateLock(site, update ?? [], buildHost(context));
      const rows = changes.map(({ name: changed, before, after }) => [
        changed,
        before ?? 'new',
        after ?? 'gone',
      ]);
      const text =
        rows.length === 0 ? 'no version changed' : table([['package', 'before', 'after'], ...rows]);
      context.print({ site: name, path, changes }, `${text}\nwrote ${path}`);
    });
}
