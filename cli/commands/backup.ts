import { resolve } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function backupCommand(context: CliContext) {
  return command('backup', "save a box's state, encrypted, to a file: cluster, Git, keys, volumes", [
    { line: 'cpiab backup --out box.age --recipient age1…', does: 'for who has the key that belongs to it' },
    { line: 'cpiab backup --out box.age --passphrase-file pass', does: 'for who knows what the file holds' },
  ])
    .requiredOption('--out <file>', 'where it is put; must not be there yet')
    .option(
      '--recipient <age1…>',
      'may be given more than once',
      (one: string, all: string[]) => [...all, one],
      [] as string[],
    )
    .option('--passphrase-file <file>', 'its first line is the passphrase')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async ({ out, recipient: recipients, passphraseFile, box }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { readPassphrase, requireRecipients } = await import('../backup/keys.ts');
      const { makeBackup } = await import('../backup/make.ts');
      if ((recipients.length === 0) === (passphraseFile === undefined))
        throw new CpiabError('E1411', { subject: 'cpiab backup' });
      requireRecipients(recipients);
      const passphrase = passphraseFile === undefined ? null : await readPassphrase(passphraseFile);
      const address = await boxAddress(box, 'cpiab backup');
      const { box: about } = await fetchStatus(address);
      const client = await OperatorClient.of(address, about.site, context.signal);
      const file = resolve(out);
      const record = await makeBackup(client, { file, recipients, passphrase, progress: context.progress });
      const { size, sha256, gitHead } = record;
      context.print(
        { file, box: about.id, size, sha256, gitHead, recipients },
        `${file}: ${formatBytes(size)}, Git at ${gitHead.slice(0, 12)}\nsha256 ${sha256}`,
      );
    });
}
