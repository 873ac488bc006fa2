import { resolve } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function pushCommand(context: CliContext) {
  return command('push', 'give a box that runs from a disk a new version', [
    {
      line: 'cpiab push https://10.0.0.7:7443 lab-12-14.cpiab-delta',
      does: 'sends it, and follows the box until the new version has shown that it works',
    },
    {
      line: 'cpiab push https://10.0.0.7:7443#4f1c… cpiab-lab.tar.zst',
      does: 'a whole bundle, whatever runs',
    },
    {
      line: 'cpiab push https://10.0.0.7:7443 --from-stick',
      does: 'lets it take what a stick has that is in the box, labelled CPIAB-STICK',
    },
  ])
    .argument('<box>', "the box's address, and after # the fingerprint that its console shows")
    .argument('[file]', 'what `cpiab delta` wrote, or the tarball of a bundle')
    .option('--from-stick', 'send no file: the box looks on a stick for what it can use', false)
    .option('--timeout <seconds>', 'how long it may take after it was sent', wholeNumber(1, 86_400), 3600)
    .option('--no-wait', 'end when the box has the file')
    .action(async (box, file, { timeout, wait, fromStick }) => {
      if ((file === undefined) !== fromStick) {
        const what = 'give a file, or --from-stick';
        throw new CpiabError('E1010', { subject: 'push', args: [what, 'cpiab push'] });
      }
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { followUpdate } = await import('../box/follow-update.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { announce, sendFile, takeStick } = await import('../box/send.ts');
      const { statusText } = await import('../box/show.ts');
      const { signal, progress, print } = context;
      const address = await boxAddress(box, 'cpiab push');
      const { site } = (await fetchStatus(address)).box;
      const client = await OperatorClient.of(address, site, signal);
      if (file === undefined) await takeStick(client);
      else {
        await announce(client, resolve(file));
        await sendFile(client, resolve(file), progress, signal);
      }
      if (!wait)
        return print(await fetchStatus(address), 'the box has it; `cpiab status` tells how it gets on');
      const status = await followUpdate(address, { seconds: timeout, progress, signal });
      print(status, statusText(status));
    });
}
