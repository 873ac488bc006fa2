import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function rotateCommand(context: CliContext) {
  return command('rotate', 'let a box issue certificates of nodes by a new authority', [
    { line: 'cpiab rotate', does: 'nodes get certificates of the new one when they renew' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async ({ box }) => {
      const { RotationSchema } = await import('../../contract/enroll.ts');
      const { NodesClient } = await import('../nodes/client.ts');
      const client = await NodesClient.of(box, 'cpiab rotate', context.signal);
      const rotated = await client.post('/v1/authorities/rotate', {}, RotationSchema);
      context.print(rotated, `issuing authority now ${rotated.issuing}\nbefore ${rotated.before}`);
    });
}
