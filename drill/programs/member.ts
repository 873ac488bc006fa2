import { hostname } from 'node:os';
import { z } from 'zod';
import { enroll } from '../../agent/join/enroll.ts';
import { ownInventory } from '../../agent/join/inventory.ts';
import { NodeStore } from '../../agent/join/store.ts';
import { requireInvitation } from '../../contract/invitation.ts';

export const MemberConfigSchema = z.strictObject({
  directory: z.string(),
  name: z.string(),
  invitation: z.string(),
  /** Milliseconds until it gives up. */
  timeoutMs: z.number(),
});

/** A machine that becomes a node of a box, as the agent does it. @returns what it was given. */
export async function member(config: z.infer<typeof MemberConfigSchema>): Promise<object> {
  const inviting = requireInvitation(config.invitation, hostname());
  // All namespaces are of one machine: its identifier would say that all nodes are the same.
  const inventory = { ...(await ownInventory()), machineId: null };
  const { grant } = await enroll(
    new NodeStore(config.directory),
    inviting,
    { name: config.name, role: 'agent', inventory },
    { waiting: () => {}, wall: Date.now, pollMs: 300, signal: AbortSignal.timeout(config.timeoutMs) },
  );
  return { id: grant.id, name: grant.name };
}
