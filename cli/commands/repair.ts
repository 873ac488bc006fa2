import { resolve } from 'node:path';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

export function repairCommand(context: CliContext) {
  return command('repair', 'copy only the bad chunks of a medium or volume from a good copy', [
    {
      line: 'cpiab repair /media/stick --from dist/lab/cpiab-lab.iso',
      does: 'every volume on a stick, from the medium itself',
    },
    {
      line: 'cpiab repair cpiab-lab.iso --from /media/a /media/b',
      does: 'a medium, from its volumes; a source may be damaged elsewhere',
    },
  ])
    .argument(
      '<target>',
      'a medium, a volume, or a directory of them; a named file that is not there is made',
    )
    .requiredOption('--from <paths...>', 'good copies: media, volumes or directories of them')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed the index)")
    .action(async (target, { from, key }) => {
      const { repairParts } = await import('../../builder/volumes/repair.ts');
      const { signal, progress } = context;
      const sources = from.map((path) => resolve(path));
      const result = await repairParts(resolve(target), sources, { signal, progress, key });
      const rows = result.files.map(({ path, chunks, bad, copied }) => [
        path,
        `${bad} of ${chunks}`,
        formatBytes(copied),
      ]);
      const indexes = result.indexes.map((path) => `\nwrote ${path}`).join('');
      context.print(result, `${table([['file', 'bad chunks', 'copied'], ...rows])}${indexes}`);
    });
}
