import { z } from 'zod';
import { discoverModes, proposalKinds } from './discover-policy.ts';

/** Where the operator reads it. */
export const inventoryPath = '/v1/inventory';

/** RFC 3339, by the box's clock. */
const Moment = z.string();
const Count = z.int().nonnegative();

/** How a box knows of a host: the answer to ARP or to IPv6 neighbour discovery, what mDNS said, an answer over TCP. */
export const evidenceKinds = ['arp', 'ndp', 'mdns', 'tcp'] as const;

/** Only told by mDNS; a connection was taken; the first answer was that of such a service. */
export const confidences = ['claimed', 'answered', 'recognised'] as const;

export const ServiceSchema = z.strictObject({
  /** Such as `ssh`, `nfs`, `kubernetes`, or what mDNS calls it. */
  name: z.string(),
  protocol: z.enum(['tcp', 'udp']),
  port: Count,
  source: z.enum(['mdns', 'probe']),
  confidence: z.enum(confidences),
  /** What it says of itself: a banner, a version, a title. Others wrote it. */
  detail: z.string(),
});
export type Service = z.infer<typeof ServiceSchema>;

export const HostSchema = z.strictObject({
  /** `mac:…`, or `address:…` as long as nobody told the hardware address. */
  id: z.string(),
  mac: z.string().nullable(),
  /** The link of the box that it was seen on last. */
  link: z.string(),
  addresses: z.array(z.string()),
  /** What it calls itself by mDNS. */
  names: z.array(z.string()),
  services: z.array(ServiceSchema),
  evidence: z.array(z.enum(evidenceKinds)),
  /** `not-seen` after several looks without a sign. It may be off, or just silent. */
  state: z.enum(['seen', 'not-seen']),
  firstSeen: Moment,
  lastSeen: Moment,
});
export type Host = z.infer<typeof HostSchema>;

export const InventoryEventSchema = z.strictObject({
  time: Moment,
  what: z.enum(['appeared', 'changed', 'not-seen', 'seen-again']),
  host: z.string(),
  /** What changed, such as `+ service ssh/tcp/22`. */
  detail: z.string(),
});
export type InventoryEvent = z.infer<typeof InventoryEventSchema>;

export const ProposalSchema = z.strictObject({
  /** The site's rule behind it. */
  rule: z.string(),
  propose: z.enum(proposalKinds),
  host: z.string(),
  /** Where: an address, with a port for a service. */
  target: z.string(),
  confidence: z.enum(confidences),
});
export type Proposal = z.infer<typeof ProposalSchema>;

export const LinkReportSchema = z.strictObject({
  name: z.string(),
  mac: z.string(),
  networks: z.array(z.string()),
  /** Why a network of it was not swept, or null. */
  note: z.string().nullable(),
});
export type LinkReport = z.infer<typeof LinkReportSchema>;

/** `GET /v1/inventory`: what stands around the box. A hint for people, and never a reason to trust anybody. */
export const InventorySchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Inventory'),
  mode: z.enum(discoverModes),
  links: z.array(LinkReportSchema),
  /** When the last look ended; null before the first. */
  looked: Moment.nullable(),
  /** What was too much to be kept since the agent started: hosts, names, services, packets. */
  dropped: Count,
  /** Why the last look was not whole, or null. */
  problem: z.string().nullable(),
  hosts: z.array(HostSchema),
  proposals: z.array(ProposalSchema),
  /** The newest last. */
  events: z.array(InventoryEventSchema),
});
export type Inventory = z.infer<typeof InventorySchema>;
