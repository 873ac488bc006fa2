import type { LockPlan } from '../../builder/lock/update.ts';
import type { LockDrift } from '../../contract/lock-drift.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { driftTable } from '../drift-table.ts';

export function lockCommand(context: CliContext) {
  return command('lock', 'pin every reference of a site', [
    { line: 'cpiab lock', does: 'write config/clusters/lab.lock.json anew, and show what changed and why' },
    {
      line: 'cpiab lock lab --update git runc',
      does: 'take newer versions of these packages, keep the others',
    },
    { line: 'cpiab lock --check', does: 'show what a new lock would change; exit status 1 if anything' },
  ])
    .argument('[site]', 'which file of config/clusters', 'lab')
    .option('--update <names...>', 'packages to take in their newest version; the others stay as locked')
    .option('--check', 'write nothing; exit status 1 when the lock would change', false)
    .action(async (name, { update, check }) => {
      const { readSite } = await import('../../builder/config/read-site.ts');
      const { planLock, writeLock } = await import('../../builder/lock/update.ts');
      const { CpiabError } = await import('../../contract/errors.ts');
      const { buildHost } = await import('../build-host.ts');
      const site = await readSite(context.repository, name);
      const plan = await planLock(site, update ?? [], buildHost(context));
      if (!check) await writeLock(plan);
      else if (plan.first) throw new CpiabError('E1006', { subject: plan.path });
      else if (plan.drift.length > 0) context.exitWith(1);
      const document: LockDrift = {
        apiVersion: 'cpiab.dev/v1',
        kind: 'LockDrift',
        site: name,
        path: plan.path,
        written: !check,
        entries: plan.drift,
      };
      const end = check ? '' : `\nwrote ${plan.path}`;
      context.print(document, `${text(plan, check)}${end}`);
    });
}

function text(
  { first, drift, lock: { debian, go, images, upstream, charts, files, git } }: LockPlan,
  check: boolean,
): string {
  if (drift.length === 0) return check ? 'the lock is up to date' : 'nothing changed but the date';
  if (!first) return driftTable(drift);
  const counts = [
    `${debian.packages.length} packages`,
    `${go.length} programs`,
    `${images.length} image recipes`,
    `${upstream.length} published images`,
    `${charts.length} charts`,
    `${files.length} files`,
    `${git.length} Git repositories`,
  ];
  return `a first lock: ${counts.join(', ')}`;
}
