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
