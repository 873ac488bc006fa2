import { z } from 'zod';

/** Source: Kubernetes, "Labels and Selectors": a name, and before it perhaps a DNS subdomain and a slash. */
const key = z
  .string()
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/,
    'expected a name such as disk or example.org/disk',
  );
const value = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/,
    'expected at most 63 letters, digits, dots, hyphens and underscores',
  );

export const TaintSchema = z.strictObject({
  key,
  value: value.default(''),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
});
export type Taint = z.infer<typeof TaintSchema>;

const count = (most: number) => z.int('expected a whole number').min(1).max(most);

/** Pods that ask for nodes of the pool, and how many of them may be away from work at once. */
export const PoolMoveSchema = z.strictObject({
  namespace: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'expected the name of a namespace'),
  /** Labels that they have, all of these. Default: all pods of the namespace. */
  selector: z.record(key, value).default({}),
  /** At most so many are not ready at once. Disruption budgets hold besides. Default 1. */
  maxUnavailable: count(1000).default(1),
});
export type PoolMove = z.infer<typeof PoolMoveSchema>;

/** How a pool grows: by machines that ask, once a person has approved the plan that the box makes of it. */
const ExpandSchema = z.strictObject({
  /** At most so many machines join at once. Default 1. */
  surge: count(100).default(1),
  /** Seconds that a machine has to become a Ready node, and a pod to become ready there. Default 600. */
  progressDeadlineSeconds: count(86_400).default(600),
  /** What goes to the pool when its machines are in, one after the other. */
  moves: z.array(PoolMoveSchema).max(100).default([]),
});

const PoolSchema = z.strictObject({
  /** Nodes get it as the label `cpiab.dev/pool`. */
  name: value.min(1, 'expected a name'),
  /** Which nodes: those of which one of these is true. */
  match: z
    .strictObject({
      /** Names of nodes; `*` stands for any characters. */
      names: z.array(z.string().regex(/^[a-z0-9*-]{1,63}$/, 'expected a name such as worker-*')).default([]),
      /** `/etc/machine-id` of the machines, as they say it. */
      machineIds: z.array(z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hexadecimal digits')).default([]),
      /** SHA-256 of the machines' public keys, as they show them. */
      keys: z.array(z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')).default([]),
    })
    .refine(
      ({ names, machineIds, keys }) => names.length + machineIds.length + keys.length > 0,
      'expected names, machineIds or keys',
    ),
  labels: z.record(key, value).default({}),
  /** What keeps pods away that do not tolerate it; it is there before the first pod could come. */
  taints: z.array(TaintSchema).max(20, 'expected at most 20').default([]),
  /** Without it nothing is ever planned for the pool. */
  expand: ExpandSchema.optional(),
});
export type NodePool = z.infer<typeof PoolSchema>;

/** What is told to nodes besides the box itself. The first pool that fits a node is its pool; without one it has none. */
export const NodesPolicySchema = z.strictObject({ pools: z.array(PoolSchema).max(100).default([]) });

/** Label with the name of a node's pool. */
export const poolLabel = 'cpiab.dev/pool';
