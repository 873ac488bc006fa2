import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function exportCommand(context: CliContext) {
  return command('export', "write a box's whole Git repository to one file", [
    {
      line: 'cpiab export https://10.0.0.7:7443#4f1c… --out site.bundle',
      does: '`git clone site.bundle` makes a repository of it anywhere',
    },
  ])
    .argument('<box>', "the box's address, and after # the fingerprint that its console shows")
    .requiredOption('--out <file>', 'written anew when it is there')
    .option('--cert <file>', "an operator's certificate (default: that of the site's keys, where they are)")
    .option('--key <file>', 'its private key')
    .action(async (box, { out, cert, key }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { exportRepository, readerFiles } = await import('../box/export.ts');
      const { sha256File } = await import('../../host/files.ts');
      const address = await boxAddress(box, 'cpiab export');
      const { site } = (await fetchStatus(address)).box;
      const credential = readerFiles(site, cert, key);
      const exported = await exportRepository(address, site, credential, out, context.signal);
      const { sha256, size } = await sha256File(out, context.signal);
      const { head, references } = exported;
      context.print(
        { out, size, sha256, ...exported },
        `${out}: main at ${head.slice(0, 12)}, ${references.length} branches and tags\nsha256 ${sha256}`,
      );
    });
}
