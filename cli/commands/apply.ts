import { resolve } from 'node:path';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function applyCommand(context: CliContext) {
  return command('apply', 'make the newer bundle from the older one and a delta', [
    {
      line: 'cpiab apply old.iso lab-12-14.cpiab-delta --out new',
      does: 'the result is verified before it gets its name',
    },
  ])
    .argument('<base>', 'the bundle that the delta starts from: an ISO, a .tar.zst or a bundle directory')
    .argument('<delta>', 'a file that `cpiab delta` wrote')
    .requiredOption('--out <dir>', 'bundle directory to make; must not be there')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed both)")
    .action(async (base, delta, { out, key: keyFile }) => {
      const { applyDelta } = await import('../../builder/delta/apply.ts');
      const { openMedium } = await import('../../builder/verify/open.ts');
      const { trustedKey } = await import('../../builder/verify/trusted-key.ts');
      const { manifest } = await applyDelta({
        base: await openMedium(resolve(base), context.signal),
        delta: resolve(delta),
        out: resolve(out),
        trust: (medium) => trustedKey(medium, keyFile),
        signal: context.signal,
      });
      const { site, revision, sequence } = manifest;
      context.print(
        { path: resolve(out), site, revision, sequence },
        `${site} ${revision}, sequence ${sequence}, in ${resolve(out)}`,
      );
    });
}
