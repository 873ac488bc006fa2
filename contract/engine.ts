import { z } from 'zod';
import { guardedAddress } from './published.ts';

/** What runs Kubernetes: compiled here for a box, or as it is released. */
export const engineKinds = ['kubeadm', 'k3s'] as const;

const issue = (key: string, message: string, input: unknown) => ({
  code: 'custom' as const,
  path: [key],
  message,
  input,
});

export const EngineSchema = z
  .strictObject({
    /** Default `kubeadm`. */
    kind: z.enum(engineKinds).default('kubeadm'),
    /** Version of Kubernetes, or of k3s such as v1.36.3+k3s1. The lock must have the same. */
    version: z.string().regex(/^v\d+\.\d+\.\d+(\+\w+)?$/, 'expected a version such as v1.36.3'),
    /**
     * Only of kubeadm: whether further control planes may join the box. Its controllers then elect who of them acts, and
     * etcd's members wait less for each other. Taken up at a box's next start. Default no.
     */
    highAvailability: z.boolean().default(false),
    /** Only of k3s: where the files of the release are, above their names. Default: the release on GitHub. */
    release: guardedAddress.optional(),
  })
  .superRefine(({ kind, version, release, highAvailability }, context) => {
    if (kind !== 'kubeadm' && highAvailability)
      context.addIssue(issue('highAvailability', `expected nothing: engine ${kind} does it itself`, true));
    if (kind === 'k3s' && !/\+k3s\d+$/.test(version))
      context.addIssue(issue('version', 'expected a version such as v1.36.3+k3s1', version));
    if (kind !== 'k3s' && release !== undefined)
      context.addIssue(
        issue('release', `expected nothing: engine ${kind} is not taken from a release`, release),
      );
  });
export type Engine = z.infer<typeof EngineSchema>;
