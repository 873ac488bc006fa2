import { resolve } from 'node:path';
import { formatBytes } from '../../contract/units.ts';
import { fatLimit } from '../../contract/volumes.ts';
import { byteSize, command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

export function splitCommand(context: CliContext) {
  return command('split', 'cut a medium into volumes that fit onto smaller carriers', [
    { line: 'cpiab split dist/lab/cpiab-lab.iso --out volumes', does: 'each fits on FAT32' },
    {
      line: 'cpiab split cpiab-lab.iso --volume-size 4GB --only 2 --out /media/stick',
      does: 'the second volume alone, straight onto its stick',
    },
  ])
    .argument('<medium>', 'an ISO or .tar.zst with its .chunks.json beside it')
    .requiredOption('--out <dir>', 'where the volumes go, and the index that each stick needs')
    .option('--volume-size <size>', 'most bytes of a volume (default: what FAT32 can hold)', byteSize)
    .option('--only <number>', 'write this volume alone', wholeNumber(1, 999))
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed the index)")
    .action(async (path, { out, volumeSize, only, key }) => {
      const { loadMedium } = await import('../../builder/volumes/load.ts');
      const { splitMedium } = await import('../../builder/volumes/split.ts');
      const medium = resolve(path);
      const limit = volumeSize ?? fatLimit;
      const signed = await loadMedium(medium, key);
      const volumes = await splitMedium({ path: medium, signed, limit, out: resolve(out), only }, context);
      if (limit > fatLimit)
        context.note(`these may be too large for FAT32: it holds ${formatBytes(fatLimit)} at most`);
      const rows = volumes.map((volume) => [
        volume.path,
        formatBytes(volume.size),
        volume.copied === 0 ? 'there already' : `${formatBytes(volume.copied)} written`,
      ]);
      const { medium: name, root } = signed.index;
      const text = `${table([['volume', 'size', ''], ...rows])}\nput ${name}.chunks.json and its .minisig on every carrier too`;
      context.print({ medium: name, root, out: resolve(out), volumes }, text);
    });
}
