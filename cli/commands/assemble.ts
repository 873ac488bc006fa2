import { resolve } from 'node:path';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function assembleCommand(context: CliContext) {
  return command('assemble', 'put volumes together: the medium to the byte', [
    { line: 'cpiab assemble volumes', does: 'all of a directory, into the working directory' },
    {
      line: 'cpiab assemble /media/stick --out /srv',
      does: 'one stick after another: keeps what it has until all were there',
    },
  ])
    .argument('<volumes...>', 'volumes, or directories of them')
    .option('--out <dir>', 'where the medium goes', '.')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed the index)")
    .action(async (volumes, { out, key }) => {
      const { assembleParts } = await import('../../builder/volumes/assemble.ts');
      const { signal, progress } = context;
      const paths = volumes.map((path) => resolve(path));
      const result = await assembleParts(paths, resolve(out), { signal, progress, key });
      const { path, size, digest } = result;
      context.print(result, `${path}, ${formatBytes(size)}, ${digest}`);
    });
}
