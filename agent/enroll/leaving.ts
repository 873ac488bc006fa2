import { theBox } from '../audit/log.ts';
import { type Desk, nodeOf, subjectOf } from './desk.ts';
import type { NodeRecord } from './ledger.ts';

const ENGINE_MS = 120_000;

/** What fails in the cluster must not undo what was done here: it is told, and done later. */
export async function leaveCluster(desk: Desk, node: NodeRecord): Promise<string> {
  const engine = desk.engine();
  if (engine === undefined) return 'Kubernetes does not run on the box now: it is told when it does';
  try {
    await engine.revoke(node.name, AbortSignal.timeout(ENGINE_MS));
    await desk.ledger.put({ nodes: [{ ...node, leaving: false }] });
    return 'tokens, member and Node are gone';
  } catch (error) {
    return `not told: ${(error as Error).message.split('\n')[0]}; the box tries again`;
  }
}

/** Tells the cluster of the nodes that ended while it could not be told. */
export async function tellCluster(desk: Desk): Promise<void> {
  const late = [...desk.ledger.nodes.values()].filter(({ leaving }) => leaving);
  for (const { id, key } of late) await desk.inTurn.run(key, () => tellOf(desk, id));
}

async function tellOf(desk: Desk, id: string): Promise<void> {
  const node = nodeOf(desk, id);
  if (!node.leaving) return;
  // The cluster knows nodes by their names: what it has under this one is another's by now.
  if (hasHeir(desk, node)) return await desk.ledger.put({ nodes: [{ ...node, leaving: false }] });
  const detail = await leaveCluster(desk, node);
  if (nodeOf(desk, id).leaving) return;
  const event = { who: theBox, action: 'remove', subject: subjectOf(node), outcome: 'done' } as const;
  await desk.audit.record({ ...event, detail: `from the cluster: ${detail}` });
}

const hasHeir = ({ ledger }: Desk, { id, name }: NodeRecord) =>
  ledger.named(name).some((one) => one.id !== id && one.state === 'joined');
