import { z } from 'zod';
import { GitPullSchema } from './git-pull.ts';
import { ReadPolicySchema } from './read-policy.ts';

/** One line as ssh-keygen's allowed signers file has it: a name, a key's type and the key in base64. */
const signer = z
  .string()
  .regex(
    /^\S+ (?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+=*$/,
    'expected a name, a type and a key, such as alice@example.org ssh-ed25519 AAAA…',
  );

/** Who may read a box's Git, and what it asks of the commits on its `main`. It is part of the signed medium: no push changes it. */
export const GitPolicySchema = z
  .strictObject({
    /** Who may read the box's Git: `anyone`, or `certificate`, operators and nodes. Default `anyone`. */
    read: ReadPolicySchema.default('anyone'),
    /**
     * `none`; `ssh`: each new commit has an SSH signature by one of `allowedSigners`; `any`: by any key. Default
     * `none`.
     */
    signed: z.enum(['none', 'ssh', 'any']).default('none'),
    /** Whose signatures count, each as `NAME TYPE KEY`. */
    allowedSigners: z.array(signer).default([]),
    /** A repository elsewhere that the box pulls from. Default none: then changes come as pushes only. */
    pull: GitPullSchema.optional(),
  })
  .superRefine(({ signed, allowedSigners, pull }, context) => {
    if (pull !== undefined && signed !== 'ssh') {
      const message = 'expected `ssh`: nobody stands behind what is pulled but who signed it';
      context.addIssue({ code: 'custom', path: ['signed'], input: signed, message });
    }
    if (signed !== 'ssh' || allowedSigners.length > 0) return;
    const message = 'expected at least one key, since `signed` is ssh';
    context.addIssue({ code: 'custom', path: ['allowedSigners'], input: allowedSigners, message });
  });
export type GitPolicy = z.infer<typeof GitPolicySchema>;
