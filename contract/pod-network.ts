import { z } from 'zod';

/** What a site may ask for; with `none` each node is alone, and nothing enforces NetworkPolicy. */
export const PodNetworkSchema = z.enum(['none', 'vxlan', 'wireguard']);

/** How packets get from a pod to one on another node. */
const PodNetworkBackendSchema = PodNetworkSchema.exclude(['none']);
type PodNetworkBackend = z.infer<typeof PodNetworkBackendSchema>;

/** What supply/go/pod-network reads at its start. */
export interface PodNetworkSettings {
  /** Name of this node in the cluster. */
  node: string;
  backend: PodNetworkBackend;
}

const Count = z.int().nonnegative();

/** What it says of itself: this node's pod network, and what enforces NetworkPolicy. */
export const PodNetworkStatusSchema = z.strictObject({
  backend: PodNetworkBackendSchema,
  /** Other nodes whose pods this one reaches. */
  nodes: Count,
  /** NetworkPolicy objects of the cluster. */
  policies: Count,
  /** Pods of this node that any of them selects. */
  isolatedPods: Count,
  /** Packets that they dropped, as of a minute ago. */
  denied: z.strictObject({ ingress: Count, egress: Count }),
  /** What keeps rules or links from being what the cluster says, or empty. */
  problem: z.string(),
});
export type PodNetworkStatus = z.infer<typeof PodNetworkStatusSchema>;
