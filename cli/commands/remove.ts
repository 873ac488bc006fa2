import { command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function removeCommand(context: CliContext) {
  return command('remove', 'take a node out that may come again, with another invitation', [
    { line: 'cpiab remove worker-1', does: 'moves its pods, then takes it out of the cluster and the box' },
    { line: 'cpiab remove worker-1 --no-drain', does: 'of a machine that is gone: nothing is left to move' },
  ])
    .argument('<node>', 'its name, or how its identifier begins')
    .option('--timeout <seconds>', 'how long pods are asked to go', wholeNumber(1, 86_400), 120)
    .option('--no-drain', 'leave its pods where they are')
    .option('--reason <text>', 'stands in the audit log', '')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (named, { box, reason, drain, timeout }) => {
      const { endNode } = await import('../nodes/end.ts');
      const seconds = drain ? timeout : null;
      await endNode(context, { named, box, reason, what: 'remove', seconds });
    });
}
