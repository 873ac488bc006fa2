import { z } from 'zod';

/** SHA-256 without the algorithm's name. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
