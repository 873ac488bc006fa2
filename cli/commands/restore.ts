import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function restoreCommand(context: CliContext) {
  return command('restore', 'give a box the state of a backup: cluster, Git, keys, volumes', [
    {
      line: 'cpiab restore box.age --identity key.txt',
      does: 'to a new box; it restarts into the old state',
    },
    { line: 'cpiab restore box.age --identity key.txt --check', does: 'only check the file; asks no box' },
  ])
    .argument('<file>', 'what `cpiab backup` wrote')
    .option('--identity <file>', 'key of age-keygen')
    .option('--passphrase-file <file>', 'its first line is the passphrase')
    .option('--replace <box-id>', 'the identifier of a box that may lose the state it has')
    .option('--check', 'check the whole file and say what it holds', false)
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (file, { identity, passphraseFile, replace, check, box }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { readIdentities } = await import('../backup/keys.ts');
      const { checkBackup, sendBackup } = await import('../backup/restore.ts');
      const identities = await readIdentities(identity, passphraseFile);
      const manifest = await checkBackup(file, identities);
      const { site, boxId, created, gitHead, fingerprint } = manifest;
      const held = `site ${site}, box ${boxId}, of ${created}, Git at ${gitHead.slice(0, 12)}`;
      if (check) return context.print(manifest, `${file} is whole: ${held}`);
      const address = await boxAddress(box, 'cpiab restore');
      const { box: about } = await fetchStatus(address);
      const client = await OperatorClient.of(address, about.site, context.signal);
      await sendBackup(client, file, identities, replace);
      const url = `${address.url.origin}#${fingerprint}`;
      context.print(
        { box: url, manifest },
        `the box restarts into the state of the backup: ${held}\nit has the key of then: cpiab status --watch --box ${url}`,
      );
    });
}
