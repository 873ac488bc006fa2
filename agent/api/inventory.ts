import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Inventory } from '../../contract/inventory.ts';
import { answerJson, answerText } from './answer.ts';
import type { Operator } from './operator.ts';

/** What stands around the box is for operators only: it helps whoever wants to break in there. */
export async function answerInventory(
  inventory: Inventory | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
): Promise<void> {
  if (incoming.method !== 'GET') return answerText(outgoing, 405, 'only GET\n');
  if (operator === null)
    return answerText(outgoing, 403, 'the inventory needs the operator certificate of this site\n');
  if (inventory !== undefined) return answerJson(outgoing, 200, inventory);
  outgoing.setHeader('retry-after', '5');
  answerText(
    outgoing,
    503,
    'there is no inventory: the box has not converged yet, or its site has discover.mode off\n',
  );
}
