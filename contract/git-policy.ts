import { z } from 'zod';

/** One line as ssh-keygen's allowed signers file has it: a name, a key's type and the key in base64. */
const signer = z
  .string()
  .regex(
    /^\S+ (?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+=*$/,
    'expected a name, a type and a key, such as alice@example.org ssh-ed25519 AAAA…',
  );

/** What a box asks of the commits on its `main`. It is part of the signed medium: no push changes it. */
export const GitPolicySchema = z
  .strictObject({
    /**
     * `none`; `ssh`: each new commit has an SSH signature by one of `allowedSigners`; `any`: by any key. Default
     * `none`.
     */
    signed: z.enum(['none', 'ssh', 'any']).default('none'),
    /** Whose signatures count, each as `NAME TYPE KEY`. */
    allowedSigners: z.array(signer).default([]),
  })
  .superRefine(({ signed, allowedSigners }, context) => {
    if (signed !== 'ssh' || allowedSigners.length > 0) return;
    const message = 'expected at least one key, since `signed` is ssh';
    context.addIssue({ code: 'custom', path: ['allowedSigners'], input: allowedSigners, message });
  });
export type GitPolicy = z.infer<typeof GitPolicySchema>;
