import { z } from 'zod';
import { NodeInventorySchema } from './enroll.ts';
import { type NodePool, PoolMoveSchema } from './node-pools.ts';
import { sha256 } from './sha256.ts';

/** `GET`: how an expansion stands. Below it: `GET plan?pool=NAME`, `POST approve`, `POST stop`, `POST go-on`. */
export const expandPath = '/v1/expand';

const document = <const Kind extends string>(kind: Kind) => ({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal(kind),
});

/** A machine that asks to join. What it says of itself is for a person to compare. */
const PlannedMachineSchema = z.strictObject({
  name: z.string(),
  /** SHA-256 of its public key: what the machine itself shows. */
  key: sha256,
  /** SHA-256 of the request: it alone is approved. */
  request: sha256,
  address: z.string(),
  invited: z.boolean(),
  /** Until when it can be approved, RFC 3339. */
  expires: z.string(),
  inventory: NodeInventorySchema.nullable(),
});
export type PlannedMachine = z.infer<typeof PlannedMachineSchema>;

const PodSchema = z.strictObject({ name: z.string(), node: z.string() });

const PlannedMoveSchema = PoolMoveSchema.extend({
  /** Pods that would be evicted if it were now. */
  pods: z.array(PodSchema),
  /** Pods that are not in the pool and would not go there, with the reason. */
  stays: z.array(PodSchema.extend({ why: z.string() })),
  /** How many are in the pool already. */
  there: z.int().nonnegative(),
});
export type PlannedMove = z.infer<typeof PlannedMoveSchema>;

const PlannedPoolSchema = z.strictObject({
  name: z.string(),
  surge: z.int(),
  progressDeadlineSeconds: z.int(),
  /** Nodes of the pool that are in the cluster. */
  nodes: z.array(z.strictObject({ name: z.string(), ready: z.boolean() })),
  /** In the order in which they join. */
  machines: z.array(PlannedMachineSchema),
  /** Machines that would be in the pool, and that a person decides on by themselves. */
  leftOut: z.array(z.strictObject({ name: z.string(), key: sha256, why: z.string() })),
  moves: z.array(PlannedMoveSchema),
});
export type PlannedPool = z.infer<typeof PlannedPoolSchema>;

/** What the box proposes, and a person approves as it stands. */
export const ExpansionPlanSchema = z.strictObject({
  ...document('ExpansionPlan'),
  /** SHA-256 over all that is decided: pools, limits, machines by key and request, moves. Pods come and go; they are not in it. */
  digest: sha256,
  /** In the order in which they grow. */
  pools: z.array(PlannedPoolSchema),
  /** Hosts that the site's discovery proposes as nodes, and that have not asked. */
  discovered: z.array(
    z.strictObject({
      address: z.string(),
      names: z.array(z.string()),
      /** The site's rule behind it. */
      rule: z.string(),
      /** The pool that it would be in by one of its names, or null. */
      pool: z.string().nullable(),
    }),
  ),
});
export type ExpansionPlan = z.infer<typeof ExpansionPlanSchema>;

/** `stopping`: what has begun is finished, nothing else begins. */
export const expansionStates = ['running', 'stopping', 'halted', 'stopped', 'done'] as const;
export type ExpansionState = (typeof expansionStates)[number];

/** A pod that was told to go, whose successor is waited for. */
const EvictionSchema = z.strictObject({
  pool: z.string(),
  /** Which of the pool's moves. */
  move: z.int().nonnegative(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  /** UID of what made it and makes its successor. */
  owner: z.string(),
  /** UIDs of the pods of that owner that were there before. */
  before: z.array(z.string()),
});
export type Eviction = z.infer<typeof EvictionSchema>;

/** What an operator has approved, and how far it is; kept on the disk before each step. */
export const ExpansionSchema = z.strictObject({
  digest: sha256,
  /** Who approved it; machines are approved in his name. */
  who: z.strictObject({ name: z.string(), fingerprint: z.string() }),
  /** RFC 3339, by the box's clock. */
  approved: z.string(),
  state: z.enum(expansionStates),
  /** Where it halted, and what to do; null unless it did. */
  halt: z.strictObject({ why: z.string(), next: z.string() }).nullable(),
  pools: z.array(
    PlannedPoolSchema.pick({ name: true, surge: true, progressDeadlineSeconds: true }).extend({
      machines: z.array(PlannedMachineSchema.pick({ name: true, key: true, request: true })),
      moves: z.array(PoolMoveSchema),
    }),
  ),
  evicting: z.array(EvictionSchema),
  /** Pods whose successors are ready in the pool, NAMESPACE/NAME. */
  moved: z.array(z.string()),
});
export type Expansion = z.infer<typeof ExpansionSchema>;

/** `GET /v1/expand`, and the answer to each `POST`. */
export const ExpansionStatusSchema = z.strictObject({
  ...document('ExpansionStatus'),
  /** Null where none was ever approved. */
  expansion: ExpansionSchema.nullable(),
  /** Keys of machines of it that are Ready nodes. */
  joined: z.array(sha256),
  /** What it waits for, now. */
  waits: z.array(z.string()),
});
export type ExpansionStatus = z.infer<typeof ExpansionStatusSchema>;

/** `POST /v1/expand/approve`. */
export const ExpandApprovalSchema = z.strictObject({
  digest: sha256,
  reason: z.string().max(500).default(''),
});

/** Of the box's status: one line. */
export const ExpansionSummarySchema = z.strictObject({
  state: z.enum(['running', 'stopping', 'halted']),
  machines: z.strictObject({ joined: z.int().nonnegative(), total: z.int().nonnegative() }),
  moved: z.int().nonnegative(),
  /** What it waits for, or why it halted. */
  detail: z.string(),
});

/** A pool that the site lets grow. */
export type ExpandingPool = NodePool & { expand: NonNullable<NodePool['expand']> };
