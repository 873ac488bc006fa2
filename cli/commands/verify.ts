import { type CpiabError, combined } from '../../contract/errors.ts';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { openWithKey } from '../open-bundle.ts';

export function verifyCommand(context: CliContext) {
  return command(
    'verify',
    'check a medium or bundle: signature, every byte, nothing missing, nothing added',
    [
      { line: 'cpiab verify dist/lab/cpiab-lab.iso', does: "an ISO, with the key of this machine's site" },
      {
        line: 'cpiab verify cpiab-lab.tar.zst --key lab.pub',
        does: 'a tarball, with a key that was handed over',
      },
      { line: 'cpiab verify dist/lab/bundle --all', does: 'a bundle directory; name every damaged file' },
    ],
  )
    .argument('<path>', 'an ISO, a .tar.zst or a bundle directory')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed it)")
    .option('--all', 'go on after the first damage and name all of it', false)
    .action(async (path, { key: keyFile, all }) => {
      const { verifyMedium } = await import('../../builder/verify/verify.ts');
      const { medium, key } = await openWithKey(path, keyFile, context);
      const found: CpiabError[] = [];
      const collect = all ? { onDamage: (error: CpiabError) => void found.push(error) } : {};
      const result = await verifyMedium(medium, key, context.signal, collect);
      const [first, ...others] = found;
      if (first !== undefined) throw combined([first, ...others]);
      const { manifest, files, bytes } = result;
      const { site, sequence, revision } = manifest;
      const document = {
        path: result.path,
        kind: result.kind,
        key: result.key,
        site,
        sequence,
        revision,
        files,
        bytes,
      };
      const facts = `${site} ${revision}, sequence ${sequence}; ${files} files, ${formatBytes(bytes)}; key ${result.key}`;
      context.print(document, `verified: ${result.path}\n${facts}`);
    });
}
