import type { EnrolledNode, Revocation } from '../../contract/enroll.ts';
import { table } from '../table.ts';

/** Nodes as aligned columns. The key is what the machine itself shows. */
export function nodesTable(nodes: readonly EnrolledNode[]): string {
  const rows = nodes.map(({ id, name, role, state, cluster, key, address, expires, certificates }) => [
    id.slice(0, 8),
    name,
    role,
    cluster === 'none' ? state : cluster,
    `${key.slice(0, 16)}…`,
    address,
    expires ?? certificates[0]?.notAfter ?? '',
  ]);
  return table([['id', 'name', 'role', 'state', 'key', 'from', 'until'], ...rows]);
}

/** What was ended, and what no box can end. */
export function revocationText(
  { name, closedConnections, cluster, stillValid }: Revocation,
  done: string,
): string {
  const first = `${name} is ${done}: ${closedConnections} connections closed; cluster: ${cluster}`;
  if (stillValid.length === 0) return `${first}\nnothing of it is good any more`;
  const rows = stillValid.map(
    ({ what, until, acceptedBy }) => `  ${what}, until ${until}; taken by ${acceptedBy}`,
  );
  return [first, 'still good by its signature:', ...rows].join('\n');
}
