import { z } from 'zod';

/** Who may read: whoever reaches the box, or who shows a certificate of an operator or of a node of this box. */
export const ReadPolicySchema = z.enum(['anyone', 'certificate']);
export type ReadPolicy = z.infer<typeof ReadPolicySchema>;
