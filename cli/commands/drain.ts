import { command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function drainCommand(context: CliContext) {
  return command('drain', 'move the pods off a node, as their disruption budgets allow', [
    { line: 'cpiab drain worker-1', does: 'before it is switched off; `kubectl uncordon` takes it back' },
  ])
    .argument('<node>', 'its name, or how its identifier begins')
    .option('--timeout <seconds>', 'how long pods are asked to go', wholeNumber(1, 86_400), 120)
    .option('--reason <text>', 'stands in the audit log', '')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (named, { box, timeout, reason }) => {
      const { NodesClient } = await import('../nodes/client.ts');
      const { drainNode, drainText } = await import('../nodes/drain.ts');
      const client = await NodesClient.of(box, 'cpiab drain', context.signal);
      const node = await client.find(named);
      const moved = await drainNode(client, node, { reason, seconds: timeout });
      context.print({ id: node.id, name: node.name, moved }, drainText(node.name, moved));
    });
}
