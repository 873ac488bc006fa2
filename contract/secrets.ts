import { z } from 'zod';

/** Where a site's Secrets are, on the machine that makes them and in the cluster. */
export const siteSecrets = {
  /** Values, never in Git. */
  envFile: (site: string) => `config/env/${site}.env`,
  /** Encrypted manifests, one folder for each app. */
  folder: (site: string) => `cluster/kubernetes/secrets/${site}`,
  /** For whom they are encrypted. Source: SOPS, "Using .sops.yaml". */
  rules: '.sops.yaml',
  /** Members that are encrypted, as SOPS's `encrypted_regex`. */
  encrypted: '^(data|stringData)$',
  /** Of the site's age key, in the directory of its keys. */
  keyFile: 'age.key',
} as const;

/** What decrypts them in the cluster. Source: Flux, Kustomization `.spec.decryption`; a key of age ends in `.agekey`. */
export const decryption = { secret: 'sops-age', key: 'age.agekey' } as const;

/** Where an operator hands a box the keys that its Secrets are encrypted for. */
export const decryptionKeyPath = '/v1/secrets/key';

/** What he sends, by `POST`. */
export const DecryptionKeySchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('DecryptionKey'),
  /** Of age, the newest first. */
  identities: z
    .array(z.string().regex(/^AGE-SECRET-KEY-1[0-9A-Z]{58}$/))
    .min(1)
    .max(16),
});
export type DecryptionKey = z.infer<typeof DecryptionKeySchema>;

/** What the box answers. */
export const UnlockedSchema = z.strictObject({
  /** `age1…` of each key that it keeps now. */
  recipients: z.array(z.string()),
  /** Whether the cluster has them already; else it gets them as soon as it is there. */
  applied: z.boolean(),
});
export type Unlocked = z.infer<typeof UnlockedSchema>;
