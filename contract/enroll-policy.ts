import { z } from 'zod';
import { nodeRoles } from './join-material.ts';

/** Which machines a box lets in, besides those that a person approves. */
export const EnrollPolicySchema = z.strictObject({
  /**
   * Approve at once whoever comes with an invitation and is one of these. Default none.
   */
  autoApprove: z
    .array(
      z
        .strictObject({
          /** `/etc/machine-id` of the machines. */
          machineIds: z
            .array(z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hexadecimal digits'))
            .default([]),
          /** As what: a control plane gets the keys of the cluster's authorities. Default only as an agent. */
          roles: z.array(z.enum(nodeRoles)).min(1, 'expected at least one role').default(['agent']),
          /** SHA-256 of the machines' public keys, as they show them. */
          keys: z.array(z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')).default([]),
        })
        .refine(({ machineIds, keys }) => machineIds.length + keys.length > 0, 'expected machineIds or keys'),
    )
    .default([]),
});
export type EnrollPolicy = z.infer<typeof EnrollPolicySchema>;
