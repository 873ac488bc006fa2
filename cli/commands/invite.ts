import { Option } from '@commander-js/extra-typings';
import { nodeRoles } from '../../contract/join-material.ts';
import { command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function inviteCommand(context: CliContext) {
  return command('invite', 'make an invitation, with which one machine may ask to join a box', [
    { line: 'cpiab invite', does: 'for an agent, good for 15 minutes, used once' },
    { line: 'cpiab invite --role control-plane --name server-2', does: 'for a further control plane' },
    {
      line: 'cpiab invite --name worker-1 --ttl 3600',
      does: 'only for the machine of this name, for an hour',
    },
  ])
    .addOption(
      new Option('--role <role>', 'what the machine becomes').choices(nodeRoles).default('agent' as const),
    )
    .option('--ttl <seconds>', 'how long it may be used', wholeNumber(1, 86_400), 900)
    .option('--name <name>', 'only for the machine of this name')
    .option('--machine-id <id>', 'only for the machine with this /etc/machine-id')
    .option('--mac <address>', 'only for the machine with this network card')
    .option('--key <sha256>', 'only for the machine with this key')
    .option('--address <host:port>', 'where machines reach the box (default: where it was asked for this)')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async ({ box, address, role, ttl, ...bound }) => {
      const { InvitationAnswerSchema } = await import('../../contract/enroll.ts');
      const { formatInvitation, parseInvitation } = await import('../../contract/invitation.ts');
      const { fetchCommand } = await import('../../contract/join-file.ts');
      const { NodesClient } = await import('../nodes/client.ts');
      const client = await NodesClient.of(box, 'cpiab invite', context.signal);
      const made = await client.post('/v1/invitations', { role, ttl, ...bound }, InvitationAnswerSchema);
      const parsed = parseInvitation(made.invitation);
      if (typeof parsed === 'string') throw new Error(`the box made an invitation that is none: ${parsed}`);
      const reached = address === undefined ? parsed : { ...parsed, box: address };
      const invitation = formatInvitation(reached);
      context.note(`Once, until ${made.expires}, on the machine that is to join: cpiab join INVITATION`);
      context.note(`The file for one that runs Debian or Ubuntu: ${fetchCommand(reached)}`);
      context.print({ ...made, invitation }, invitation);
    });
}
