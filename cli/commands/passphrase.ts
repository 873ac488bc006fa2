import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function passphraseCommand(context: CliContext) {
  return command('passphrase', "change the passphrase that opens a box's encrypted state", [
    {
      line: 'cpiab passphrase --old-file old --new-file new',
      does: 'beside a TPM it is the recovery passphrase that changes',
    },
  ])
    .requiredOption('--old-file <file>', 'its first line is the passphrase that opens the state now')
    .requiredOption('--new-file <file>', 'its first line is the one that is to open it')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async ({ oldFile, newFile, box }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { changedText, orderPassphrase, readChange } = await import('../box/order-passphrase.ts');
      const change = await readChange(oldFile, newFile);
      const address = await boxAddress(box, 'cpiab passphrase');
      const { box: about } = await fetchStatus(address);
      const client = await OperatorClient.of(address, about.site, context.signal);
      const changed = await orderPassphrase(client, change);
      context.print(changed, changedText(changed));
    });
}
