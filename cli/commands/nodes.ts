import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function nodesCommand(context: CliContext) {
  return command('nodes', 'list the machines that asked to join a box, and those that did', [
    { line: 'cpiab nodes', does: 'of the box that this machine booted last' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async ({ box }) => {
      const { NodesClient } = await import('../nodes/client.ts');
      const { nodesTable } = await import('../nodes/table.ts');
      const nodes = await (await NodesClient.of(box, 'cpiab nodes', context.signal)).list();
      context.print({ nodes }, nodes.length === 0 ? 'no machine has asked to join' : nodesTable(nodes));
    });
}
