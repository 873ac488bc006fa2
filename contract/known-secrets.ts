import { z } from 'zod';

/**
 * What looks like a secret in the history and opens nothing: `config/policy/known-secrets.yaml`. It excuses one content
 * of one file in commits before; the work tree and pushes may not have it.
 */
export const KnownSecretsSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('KnownSecrets'),
  secrets: z.array(
    z.strictObject({
      file: z.string(),
      /** Git's name of the file's content, as the finding tells it. */
      object: z.string().regex(/^[0-9a-f]{40}$/, 'expected 40 hexadecimal digits'),
      /** Why it opens nothing: an example, or replaced on which day. */
      reason: z.string().min(1, 'expected a reason'),
      owner: z.string().min(1, 'expected an owner'),
    }),
  ),
});
