import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function revokeCommand(context: CliContext) {
  return command('revoke', 'shut a node out at once and for good, and tell what stays valid elsewhere', [
    { line: 'cpiab revoke worker-1 --reason stolen', does: 'its key is never let in again' },
  ])
    .argument('<node>', 'its name, or how its identifier begins')
    .option('--reason <text>', 'stands in the audit log', '')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (named, { box, reason }) => {
      const { endNode } = await import('../nodes/end.ts');
      await endNode(context, { named, box, reason, what: 'revoke', seconds: null });
    });
}
