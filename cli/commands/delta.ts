import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { openBundle } from '../open-bundle.ts';
import { table } from '../table.ts';

export function deltaCommand(context: CliContext) {
  return command('delta', 'write what turns an older bundle into a newer one', [
    {
      line: 'cpiab delta old.iso dist/lab/bundle',
      does: 'says how large it can get, then writes it to the working directory',
    },
    {
      line: 'cpiab delta v1/bundle v2/bundle --out v1-v2.delta',
      does: 'both may be an ISO, a .tar.zst or a bundle directory',
    },
  ])
    .argument('<old>', 'what the other side has')
    .argument('<new>', 'what it shall have')
    .option('--out <file>', 'where it goes (default: SITE-OLD-NEW.cpiab-delta, by sequence)')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed both)")
    .action(async (old, fresh, { out, key }) => {
      const { writeDelta } = await import('../../builder/delta/write.ts');
      const [base, target] = await Promise.all([
        openBundle(old, key, context),
        openBundle(fresh, key, context),
      ]);
      const { site, sequence } = target.manifest;
      const path = resolve(out ?? `${site}-${base.manifest.sequence}-${sequence}.cpiab-delta`);
      const scratch = await mkdtemp(join(dirname(path), '.delta-'));
      try {
        const { signal } = context;
        const onPlan = ({ blobs, most }: { blobs: unknown[]; most: number }) =>
          context.note(`${blobs.length} blobs are new: at most ${formatBytes(most)}`);
        const head = await writeDelta({ base, target, out: path, scratch, signal, onPlan });
        const stored = head.blobs.reduce((sum, blob) => sum + blob.stored, 0);
        const rows = head.blobs.map(({ digest, size, stored: bytes, from }) => [
          digest.slice(0, 19),
          formatBytes(size),
          formatBytes(bytes),
          from === undefined ? 'whole' : 'patch',
        ]);
        const text = `${table([['blob', 'size', 'in the delta', 'as'], ...rows])}\nwrote ${path}, ${formatBytes(stored)} of blobs`;
        context.print({ path, ...head }, text);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
}
