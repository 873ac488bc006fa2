import { z } from 'zod';

/** Which machines a box lets in, besides those that a person approves. */
export const EnrollPolicySchema = z.strictObject({
  /**
   * Approve at once whoever comes with an invitation and is one of these. Only agents: a server gets the keys of the
   * cluster, and a person must see it. Default none.
   */
  autoApprove: z
    .array(
      z
        .strictObject({
          /** `/etc/machine-id` of the machines. */
          machineIds: z
            .array(z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hexadecimal digits'))
            .default([]),
          /** SHA-256 of the machines' public keys, as they show them. */
          keys: z.array(z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')).default([]),
        })
        .refine(({ machineIds, keys }) => machineIds.length + keys.length > 0, 'expected machineIds or keys'),
    )
    .default([]),
});
export type EnrollPolicy = z.infer<typeof EnrollPolicySchema>;
