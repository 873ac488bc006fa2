import type { Change, Differences } from '../../builder/compare/compare.ts';
import type { FileChange } from '../../builder/compare/modules.ts';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { openBundle } from '../open-bundle.ts';
import { table } from '../table.ts';

export function diffCommand(context: CliContext) {
  return command('diff', 'show what differs between two bundles: images, packages, sizes', [
    {
      line: 'cpiab diff old.iso dist/lab/bundle',
      does: 'both may be an ISO, a .tar.zst or a bundle directory',
    },
    { line: 'cpiab diff old new --deep', does: 'open the OS modules too, and name each file that differs' },
    { line: 'cpiab diff old new --json', does: 'the same as one document' },
  ])
    .argument('<old>', 'the one before')
    .argument('<new>', 'the one after')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed both)")
    .option('--deep', 'name the files that differ inside of kernel, initial RAM disk and modules', false)
    .action(async (old, fresh, { key, deep }) => {
      const { compareBundles } = await import('../../builder/compare/compare.ts');
      const [before, after] = await Promise.all([
        openBundle(old, key, context),
        openBundle(fresh, key, context),
      ]);
      const found = await compareBundles(before, after);
      if (!deep) return context.print(found, text(found));
      const { compareModules } = await import('../../builder/compare/modules.ts');
      const inside = await compareModules(before, after, context.signal);
      context.print({ ...found, inside }, [text(found), insideText(inside)].join('\n\n').trim());
    });
}

function text({
  about,
  images,
  signatures,
  referrers,
  charts,
  files,
  repositories,
  packages,
  sizes,
}: Differences): string {
  const rows = sizes
    .filter((size) => size.before !== size.after)
    .map(({ role, before, after }) => [
      role,
      formatBytes(before),
      formatBytes(after),
      signed(after - before),
    ]);
  const parts = [
    section('bundle', about),
    section('image', images),
    section('signatures', signatures),
    section('referrers', referrers),
    section('chart', charts),
    section('file', files),
    section('Git repository', repositories),
    section('package', packages),
    ...(rows.length > 0 ? [table([['role', 'before', 'after', 'more'], ...rows])] : []),
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'the same' : parts.join('\n\n');
}

function section(title: string, changes: Change[]): string {
  if (changes.length === 0) return '';
  const rows = changes.map(({ name, before, after }) => [name, before ?? 'new', after ?? 'gone']);
  return table([[title, 'before', 'after'], ...rows]);
}

function insideText(inside: FileChange[]): string {
  if (inside.length === 0) return '';
  const rows = inside.map(({ on, path, what }) => [
    `${on}${path === null ? '' : ` ${path}`}`,
    what.join(', '),
  ]);
  return table([['inside', 'differs'], ...rows]);
}

const signed = (bytes: number) => `${bytes < 0 ? '-' : '+'}${formatBytes(Math.abs(bytes))}`;
