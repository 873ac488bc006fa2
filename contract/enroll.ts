import { z } from 'zod';
import { BoxSealSchema } from './audit-log.ts';
import { nodeRoles, RegistryMaterialSchema } from './join-material.ts';
import { sha256 } from './sha256.ts';

const document = <const Kind extends string>(kind: Kind) => ({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal(kind),
});
/** Bytes of a document that asks for something: a request for a certificate is its largest part. */
export const largestRequest = 1 << 16;

const text = (most: number) => z.string().max(most);
/** Source: RFC 1123 label, as Kubernetes wants a Node's name. */
export const NodeNameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'expected lower-case letters, digits and hyphens, at most 63',
  );
const role = z.enum(nodeRoles);
/** 16 bytes of a CSPRNG, so that no request is like another. */
const nonce = z.string().regex(/^[0-9a-f]{32}$/);
export const NodeIdSchema = z.uuid();

/** What a machine says about itself: for a person to compare, never what a right hangs on. */
export const NodeInventorySchema = z.strictObject({
  machineId: text(64).nullable(),
  macs: z.array(text(17)).max(64),
  addresses: z.array(text(64)).max(64),
  cpus: z.int().nonnegative(),
  memoryBytes: z.int().nonnegative(),
  kernel: text(128),
  architecture: text(32),
});
export type NodeInventory = z.infer<typeof NodeInventorySchema>;

/**
 * `POST /v1/enroll`, over a connection whose client certificate has the key of the request. The answer is 200 and a
 * grant for one that is approved already, as by the site; else 202 and a decision, and the node asks for the grant.
 */
export const JoinRequestSchema = z.strictObject({
  ...document('JoinRequest'),
  name: NodeNameSchema,
  role,
  nonce,
  /** Null for a machine that nobody invited: a person lets it in by the fingerprint of its key. */
  invitation: z
    .strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/), secret: z.string().max(64) })
    .nullable(),
  /** DER, base64. */
  csr: z.base64().max(8192),
  inventory: NodeInventorySchema,
});
export type JoinRequest = z.infer<typeof JoinRequestSchema>;

/**
 * A node waits for its approval, has one, is a member, or is none any more. Superseded: another machine has asked by its
 * name before it was a member.
 */
export const nodeStates = [
  'pending',
  'approved',
  'joined',
  'denied',
  'superseded',
  'expired',
  'revoked',
  'removed',
] as const;

/** No member; a member that has not asked to join; one that is about to; and what its Node says. */
export const clusterStates = ['none', 'enrolled', 'joining', 'ready', 'notReady'] as const;

/** What the box says about a request: `POST /v1/enroll` and `GET /v1/enroll/ID` until there is a decision. */
export const JoinDecisionSchema = z.strictObject({
  ...document('JoinDecision'),
  id: NodeIdSchema,
  state: z.enum(nodeStates),
  /** SHA-256 of the request as the box got it: what an approval is about. */
  request: sha256,
  /** Until when this can change, RFC 3339. */
  expires: z.string(),
  /** Why it was decided so; empty until then. */
  reason: z.string(),
});
export type JoinDecision = z.infer<typeof JoinDecisionSchema>;

const Checkpoint = z.strictObject({
  /** The newest of the box's audit log, signed (C2SP tlog-checkpoint). */
  note: z.string(),
  /** That it continues the one the node has seen: hashes, base64 (RFC 6962 section 2.1.2). */
  proof: z.array(z.base64()).max(64),
});

/** What a node is given: who it is, and what it knows the box by. */
export const GrantSchema = z.strictObject({
  ...document('Grant'),
  id: NodeIdSchema,
  name: NodeNameSchema,
  role,
  trustDomain: z.string(),
  /** PEM. */
  certificate: z.string(),
  chain: z.string(),
  root: z.string(),
  /** By the box's clock, RFC 3339. */
  now: z.string(),
  /** What its log is signed with; it hangs on the key that the node has pinned. */
  seal: BoxSealSchema,
  checkpoint: Checkpoint,
});
export type Grant = z.infer<typeof GrantSchema>;

/** `POST /v1/membership`, over a connection with a node's certificate: that it is there, and what it serves. */
export const PresenceSchema = z.strictObject({
  ...document('Presence'),
  /** Of a control plane: its own registry for nodes, which it serves at its address. */
  registry: RegistryMaterialSchema.omit({ address: true }).nullable(),
});
export type Presence = z.infer<typeof PresenceSchema>;

/** What the box says to a node that tells where it is. */
export const MembershipSchema = z.strictObject({
  ...document('Membership'),
  id: NodeIdSchema,
  /** `removed` for one that is to leave the cluster. */
  state: z.enum(['joined', 'removed']),
  /** Digest of the manifest of the box's bundle; null before it is verified. */
  bundle: z.string().nullable(),
  /** Addresses of the cluster's API servers, the box's first; one that joins is among them. */
  servers: z.array(z.ipv4()).default([]),
  /** For a control plane: addresses of all members, whom its firewall lets in. */
  peers: z.array(z.ipv4()).default([]),
  /** Registries for nodes, the box's first; not the node's own. */
  registries: z.array(RegistryMaterialSchema).default([]),
  /** For a control plane, which serves images: SHA-256 of each member's key, and when its certificate ends. */
  members: z.array(z.strictObject({ key: sha256, until: z.string() })).default([]),
});
export type Membership = z.infer<typeof MembershipSchema>;

/** `POST /v1/renew`, over a connection with the certificate that is to be followed. */
export const RenewalSchema = z.strictObject({
  ...document('Renewal'),
  nonce,
  /** Entries of the box's log that the node has a checkpoint of. */
  since: z.int().nonnegative(),
});
export type Renewal = z.infer<typeof RenewalSchema>;

/** `POST /v1/invitations`. */
export const InvitationRequestSchema = z.strictObject({
  role: role.default('agent'),
  /** Seconds. */
  ttl: z.int().min(1).max(86_400).default(900),
  /** Only for the machine with this name, machine-id, MAC address or key, whichever are given. */
  name: NodeNameSchema.optional(),
  machineId: text(64).optional(),
  mac: text(17).optional(),
  key: sha256.optional(),
});
export type InvitationRequest = z.input<typeof InvitationRequestSchema>;

export const InvitationAnswerSchema = z.strictObject({
  ...document('Invitation'),
  id: z.string(),
  /** With its secret, which the box does not keep. */
  invitation: z.string(),
  role,
  expires: z.string(),
});
export type InvitationAnswer = z.infer<typeof InvitationAnswerSchema>;

/** A connection that says nothing for longer is ended; a drain that takes longer is asked for again. */
export const longestDrainSeconds = 60;

/** `POST /v1/nodes/ID/drain`: what was moved, as NAMESPACE/NAME. */
export const DrainSchema = z.strictObject({
  ...document('Drain'),
  id: NodeIdSchema,
  name: z.string(),
  moved: z.array(z.string()),
});

/** `POST /v1/nodes/ID/approve`, `deny`, `revoke`, `remove`. */
export const NodeDecisionSchema = z.strictObject({
  /** Of an approval: SHA-256 of the request that was looked at. */
  request: sha256.optional(),
  reason: text(500).default(''),
  /** Of a drain: how long pods are asked to go. */
  seconds: z.int().min(1).max(longestDrainSeconds).optional(),
});

export const EnrolledNodeSchema = z.strictObject({
  id: NodeIdSchema,
  name: z.string(),
  role,
  state: z.enum(nodeStates),
  /** Where it stands in the cluster. */
  cluster: z.enum(clusterStates),
  /** SHA-256 of its public key: what the machine itself shows. */
  key: sha256,
  request: sha256,
  /** Where the request came from. */
  address: z.string(),
  invited: z.boolean(),
  requested: z.string(),
  /** Until when it can be decided, or the approval used; null later. */
  expires: z.string().nullable(),
  /** Certificates that are good by time, until when. A revoked node's are refused all the same. */
  certificates: z.array(z.strictObject({ serial: z.string(), notAfter: z.string() })),
  /** Size of the box's log that the node has a checkpoint of, or null. */
  witnessed: z.int().nullable(),
  reason: z.string(),
  inventory: NodeInventorySchema.nullable(),
});
export type EnrolledNode = z.infer<typeof EnrolledNodeSchema>;

export const NodeListSchema = z.strictObject({ ...document('NodeList'), nodes: z.array(EnrolledNodeSchema) });
export type NodeList = z.infer<typeof NodeListSchema>;

/**
 * What a revocation has ended, and what it can't end: `POST /v1/nodes/ID/revoke` and `remove`, and `POST /v1/leave` of a
 * node itself, over a connection with its certificate.
 */
export const RevocationSchema = z.strictObject({
  ...document('Revocation'),
  id: NodeIdSchema,
  name: z.string(),
  closedConnections: z.int(),
  /** What the engine did; a reason where it could not. */
  cluster: z.string(),
  /** What is still good by its signature, until when, and who takes it. */
  stillValid: z.array(z.strictObject({ what: z.string(), until: z.string(), acceptedBy: z.string() })),
});
export type Revocation = z.infer<typeof RevocationSchema>;

export const RotationSchema = z.strictObject({
  ...document('AuthorityRotation'),
  /** SHA-256 of the certificate of the issuing authority, now and before. */
  issuing: z.string(),
  before: z.string(),
});
