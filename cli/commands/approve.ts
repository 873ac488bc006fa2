import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function approveCommand(context: CliContext) {
  return command('approve', 'let a machine join that has asked', [
    { line: 'cpiab approve worker-1', does: 'as `cpiab nodes` shows it' },
    { line: 'cpiab approve 3fa8 --key 9c1e…', does: 'only if this is what the machine shows as its key' },
  ])
    .argument('<node>', 'its name, or how its identifier begins')
    .option('--key <sha256>', 'the fingerprint that the machine shows, or how it begins')
    .option('--reason <text>', 'stands in the audit log', '')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (named, { box, key = '', reason }) => {
      const { NodesClient } = await import('../nodes/client.ts');
      const client = await NodesClient.of(box, 'cpiab approve', context.signal);
      const node = await client.find(named);
      const given = key.replaceAll(/[\s:…]/g, '').toLowerCase();
      if (!node.key.startsWith(given))
        throw new CpiabError('E5503', {
          subject: `node ${node.name}`,
          args: [`of key ${node.key}`, `of ${given}`],
        });
      const { id, name, request } = node;
      await client.post(`/v1/nodes/${id}/approve`, { request, reason }, z.unknown());
      context.print(
        { id, name, request, key: node.key, done: 'approve' },
        `${name} may join; its key is ${node.key}`,
      );
    });
}
