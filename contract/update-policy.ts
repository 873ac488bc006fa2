import { z } from 'zod';

/** What a health gate may look at, in the order in which a box comes to it. */
export const gateRequirements = ['agent', 'engine', 'flux'] as const;
export type GateRequirement = (typeof gateRequirements)[number];

/** `update` of a site. */
export const UpdatePolicySchema = z.strictObject({
  /** Starts that a new version gets until the one before comes back. Default 3. */
  tries: z.int().min(1, 'expected 1, 2 or 3').max(3, 'expected 1, 2 or 3').default(3),
  /** What a new version must show before it stays. */
  gate: z
    .strictObject({
      /** Minutes after its start by which it must have shown it. Default 30. */
      minutes: z.int('expected a whole number of minutes').min(2).max(1440).default(30),
      /** Default all: the agent serves, Kubernetes is Ready, Flux has applied all of Git. */
      requires: z
        .array(z.enum(gateRequirements))
        .min(1, 'expected at least one of agent, engine, flux')
        .default([...gateRequirements]),
    })
    .prefault({}),
});
