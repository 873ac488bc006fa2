import { command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function installCommand(context: CliContext) {
  return command('install', 'tell a box that asks for a disk which one to install itself to', [
    { line: 'cpiab install https://10.0.0.7:7443#4f1c…', does: 'shows the disks that it offers' },
    { line: 'cpiab install https://10.0.0.7:7443 --disk vda', does: 'to this one, which must be blank' },
    {
      line: 'cpiab install https://10.0.0.7:7443 --disk serial=S4EVNX0M --erase',
      does: 'whatever it holds',
    },
    { line: 'cpiab install https://10.0.0.7:7443 --disk model=ssd,minSize=100GB', does: 'the one that fits' },
  ])
    .argument('<box>', "the box's address, and after # the fingerprint that its console shows")
    .option('--disk <rule>', 'its name; or some of name=, serial=, model=, minSize=, separated by commas')
    .option('--erase', 'let go of what the disk holds', false)
    .option('--timeout <seconds>', 'how long it may take', wholeNumber(1, 86_400), 3600)
    .action(async (box, { disk, erase, timeout }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { diskTable, followInstall, orderInstall, ruleOf } = await import('../box/order-install.ts');
      const rule = disk === undefined ? null : ruleOf(disk);
      const address = await boxAddress(box, 'cpiab install');
      const status = await fetchStatus(address);
      if (rule === null) return context.print(status.install, diskTable(status));
      const client = await OperatorClient.of(address, status.box.site, context.signal);
      const chosen = await orderInstall(client, { disk: rule, erase });
      await followInstall(address, timeout, context);
      context.print(
        { disk: chosen },
        `installed to ${chosen}\nthe box starts from it: take the medium out; its console shows a new fingerprint`,
      );
    });
}
