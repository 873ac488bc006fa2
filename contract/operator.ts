/** What an operator may do, each role all that those before it may: look, work with the cluster, change the box itself. */
export const operatorRoles = ['viewer', 'operator', 'admin'] as const;
export type OperatorRole = (typeof operatorRoles)[number];

/** What names an operator in a certificate. Source: SPIFFE ID, section 2.1; the trust domain is the site's. */
export const operatorUri = (site: string, role: OperatorRole, name: string) =>
  `spiffe://${site}.cpiab.internal/operator/${role}/${name}`;

/** The role that a URI gives, or null when it names no operator. */
export function roleOfUri(uri: string): OperatorRole | null {
  const [, found] = /^spiffe:\/\/[a-z0-9.-]+\/operator\/([a-z]+)\/[\w.@-]+$/.exec(uri) ?? [];
  return operatorRoles.find((role) => role === found) ?? null;
}
