import { formatBytes } from '../../contract/units.ts';
import { Cache, cacheRoot } from '../../host/cache.ts';
import { byteSize, command, plainCommand, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export function cacheCommand(context: CliContext) {
  const parent = command('cache', 'show, check or shrink the build cache', [
    { line: 'cpiab cache list', does: 'what each part of it takes' },
    {
      line: 'cpiab cache verify',
      does: 'hash every file; damaged ones are removed, and made anew by the next build',
    },
    { line: 'cpiab cache prune --unused 30', does: 'remove what no build has used for 30 days' },
    { line: 'cpiab cache prune --size 10GB', does: 'remove what was used longest ago until the rest fits' },
  ]);
  parent
    .addCommand(listCommand(context))
    .addCommand(verifyCommand(context))
    .addCommand(pruneCommand(context));
  return parent;
}

function listCommand(context: CliContext) {
  return plainCommand('list', 'Show what each part takes.').action(async () => {
    const { measureCache } = await import('../../host/cache-upkeep.ts');
    const cache = new Cache(cacheRoot());
    const parts = await measureCache(cache, context.signal);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const rows = parts.map((part) => [part.name, String(part.files), formatBytes(part.bytes)]);
    const text = `${table([['part', 'files', 'size'], ...rows, ['all', '', formatBytes(bytes)]])}\n${cache.root}`;
    context.print({ root: cache.root, bytes, parts }, text);
  });
}

function verifyCommand(context: CliContext) {
  return plainCommand('verify', 'Hash every file; remove damaged ones.').action(async () => {
    const { verifyPool } = await import('../../host/cache-upkeep.ts');
    const { tracked } = await import('../../contract/progress.ts');
    const cache = new Cache(cacheRoot());
    const part = { id: 'cache', title: 'hash the files of the cache' };
    let bytes = 0;
    const found = await tracked(context.progress, part, () =>
      verifyPool(cache, context.signal, (more) => {
        bytes += more;
        context.progress({ type: 'progress', id: part.id, bytes });
      }),
    );
    const { files, damaged } = found;
    const names = damaged.map((name) => `damaged, removed: sha256:${name}\n`).join('');
    context.print(
      { root: cache.root, files, bytes, damaged },
      `${names}${files} files, ${formatBytes(bytes)}, ${damaged.length} damaged`,
    );
    if (damaged.length > 0) context.exitWith(3);
  });
}

function pruneCommand(context: CliContext) {
  return plainCommand('prune', 'Remove what was not used for long; a build that needs it makes it anew.')
    .option('--unused <days>', 'what no build has used for so many days', wholeNumber(0, 36_500))
    .option('--size <size>', 'what was used longest ago, until the rest fits: such as 10GB', byteSize)
    .action(async ({ unused, size }) => {
      const { pruneCache } = await import('../../host/cache-upkeep.ts');
      const { CpiabError } = await import('../../contract/errors.ts');
      if (unused === undefined && size === undefined)
        throw new CpiabError('E1010', {
          subject: 'cache prune',
          args: ['says not what to remove', 'cpiab cache prune'],
        });
      const cache = new Cache(cacheRoot());
      const before = unused === undefined ? {} : { before: Date.now() - unused * DAY_MS };
      const gone = await pruneCache(cache, { ...before, ...(size !== undefined && { size }) });
      context.print(
        { root: cache.root, ...gone },
        `removed ${gone.entries} entries, ${formatBytes(gone.bytes)}`,
      );
    });
}
