import { z } from 'zod';
import { firewallTable } from '../../../../contract/layout.ts';
import { run } from '../../../../host/process.ts';

/** What nft says to `--echo --json`. Source: libnftables-json(5). */
const EchoSchema = z.object({
  nftables: z.array(z.object({ insert: z.object({ rule: z.object({ handle: z.int() }) }).optional() })),
});

/** Gives some work the way out to one port of one address, for the box's own programs that are root, and for no longer. */
export async function withWayOut<Result>(
  { address, port }: { address: string; port: number },
  work: () => Promise<Result>,
): Promise<Result> {
  const { family, table } = firewallTable;
  const chain = [family, table, 'output'];
  const protocol = address.includes(':') ? 'ip6' : 'ip';
  const rule = ['meta', 'skuid', '0', protocol, 'daddr', address, 'tcp', 'dport', String(port), 'accept'];
  const { stdout } = await run(['nft', '--echo', '--json', '--handle', 'insert', 'rule', ...chain, ...rule]);
  const handle = EchoSchema.parse(JSON.parse(stdout)).nftables.find(({ insert }) => insert)?.insert?.rule
    .handle;
  if (handle === undefined) throw new Error('nft does not tell the handle of its rule');
  try {
    return await work();
  } finally {
    await run(['nft', 'delete', 'rule', ...chain, 'handle', String(handle)]);
  }
}
