/** Words that the tables of claims are written in: policies of namespace `team`. */

export type Spec = Record<string, unknown>;
export interface Case {
  claim: string;
  specs: Record<string, Spec>;
  open: readonly string[];
  shut: readonly string[];
}

export const server = { podSelector: { matchLabels: { app: 'server' } } };
export const apps = (app: string) => ({ podSelector: { matchLabels: { app } } });
export const teams = (team: string) => ({ namespaceSelector: { matchLabels: { team } } });
export const block = (cidr: string, ...except: string[]) => ({ ipBlock: { cidr, except } });
export const from = (...peers: object[]) => ({ ...server, ingress: [{ from: peers }] });
export const at = (...ports: object[]) => ({ ...server, ingress: [{ ports }] });
export const egress = (...rules: object[]) => ({ ...server, policyTypes: ['Egress'], egress: rules });
export const one = (spec: Spec) => ({ only: spec });
