import { z } from 'zod';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function denyCommand(context: CliContext) {
  return command('deny', 'keep a machine out that has asked to join', [
    {
      line: 'cpiab deny worker-1 --reason "not ours"',
      does: 'the machine is told, and the audit log has it',
    },
  ])
    .argument('<node>', 'its name, or how its identifier begins')
    .option('--reason <text>', 'stands in the audit log', '')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (named, { box, reason }) => {
      const { NodesClient } = await import('../nodes/client.ts');
      const client = await NodesClient.of(box, 'cpiab deny', context.signal);
      const { id, name } = await client.find(named);
      await client.post(`/v1/nodes/${id}/deny`, { reason }, z.unknown());
      context.print({ id, name, done: 'deny' }, `${name} may not join`);
    });
}
