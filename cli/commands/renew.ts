import { resolve } from 'node:path';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function renewCommand(context: CliContext) {
  return command('renew', "renew this node's certificate, and check that the box's log goes on", [
    { line: 'cpiab renew --if-due', does: 'for a timer: nothing is asked in the first half of its life' },
  ])
    .option('--directory <path>', 'where key and certificate are kept', '/var/lib/cpiab-node')
    .option('--if-due', 'only when the time has come, which differs from node to node', false)
    .action(async ({ directory, ifDue }) => {
      const { NodeStore } = await import('../../agent/join/store.ts');
      const { renew, renewalDue } = await import('../../agent/join/renew.ts');
      const { X509Certificate } = await import('node:crypto');
      const store = new NodeStore(resolve(directory));
      const member = await store.requireMember();
      const due = renewalDue(member, Math.random());
      if (ifDue && Date.now() < due)
        return context.print({ renewed: false, due: new Date(due).toISOString() }, 'not due yet');
      const { grant } = await renew(store, Date.now, context.signal);
      const until = new Date(new X509Certificate(grant.certificate).validTo).toISOString();
      context.print({ renewed: true, id: grant.id, until }, `renewed, good until ${until}`);
    });
}
