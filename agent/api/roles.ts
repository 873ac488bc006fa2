import { CpiabError } from '../../contract/errors.ts';
import { type OperatorRole, operatorRoles } from '../../contract/operator.ts';
import type { Operator } from './operator.ts';

/** The operator, if he has at least a role; else he counts as none. */
export function withRole(operator: Operator | null, needed: OperatorRole): Operator | null {
  return operator !== null && covers(operator.role, needed) ? operator : null;
}

/** @throws CpiabError E5508 for who has no operator certificate, or one of a lesser role. */
export function expectRole(operator: Operator | null, needed: OperatorRole): asserts operator is Operator {
  if (operator !== null && covers(operator.role, needed)) return;
  const args: [string, string] = [needed, operator?.role ?? 'none'];
  throw new CpiabError('E5508', { subject: operator?.name ?? 'no operator', args });
}

const covers = (found: OperatorRole, needed: OperatorRole) =>
  operatorRoles.indexOf(found) >= operatorRoles.indexOf(needed);
