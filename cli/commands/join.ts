import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { nodeRoles } from '../../contract/join-material.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function joinCommand(context: CliContext) {
  return command('join', 'enrol this machine as a node of a box', [
    { line: 'cpiab join cpiab1.10.0.0.7:7443.…', does: 'with what `cpiab invite` printed' },
    {
      line: 'cpiab join --box https://10.0.0.7:7443#9c1e…',
      does: 'without an invitation; compare the key that is shown',
    },
    {
      line: 'cpiab join --ssh root@10.0.0.21 --host-key SHA256:… cpiab1.10.0.0.7:7443.…',
      does: 'makes another machine, with Debian or Ubuntu, a node of the cluster',
    },
  ])
    .argument('[invitation]', 'what `cpiab invite` printed; - reads it from standard input')
    .option(
      '--box <url>',
      'without an invitation: address of the box, and after # the fingerprint that its console shows',
    )
    .option('--name <name>', 'of the node (default: the name of this machine)')
    .addOption(
      new Option('--role <role>', 'what this machine becomes').choices(nodeRoles).default('agent' as const),
    )
    .option('--directory <path>', 'where key and certificate are kept', '/var/lib/cpiab-node')
    .option(
      '--material <file>',
      'and write what the engine joins the cluster with; a secret, good for ten minutes',
    )
    .option(
      '--ssh <user@host[:port]>',
      'not this machine: the one that answers there, with all that a node runs',
    )
    .option('--host-key <fingerprint>', 'with --ssh: SHA256:… of its SSH key, as `ssh-keygen -l` shows it')
    .option('--identity <file>', 'with --ssh: private key to log in with (default: those of ssh-agent)')
    .action(async (invitation, { ssh, hostKey, identity, ...options }) => {
      if (ssh !== undefined) {
        const { joinBySsh } = await import('../nodes/join-ssh.ts');
        return await joinBySsh(context, { target: ssh, hostKey, identity, invitation, name: options.name });
      }
      const { box, name = hostname(), role, directory, material } = options;
      const { joinBox } = await import('../nodes/join.ts');
      const applicant = { name: name.toLowerCase(), role };
      await joinBox(context, { invitation, box, ...applicant, directory: resolve(directory), material });
    });
}
