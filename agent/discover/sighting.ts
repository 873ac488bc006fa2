import type { evidenceKinds, Service } from '../../contract/inventory.ts';

/** One sign of a host. What it does not tell is empty. */
export interface Sighting {
  link: string;
  address: string;
  mac: string | null;
  names: readonly string[];
  services: readonly Service[];
  evidence: (typeof evidenceKinds)[number];
}
