import { z } from 'zod';
import { engineKinds } from './engine.ts';
import { TaintSchema } from './node-pools.ts';

/** A node of the control plane, called server here, runs that and a member of its store too; an agent runs pods only. */
export const nodeRoles = ['control-plane', 'agent'] as const;
export type NodeRole = (typeof nodeRoles)[number];

/** What kubeadm calls a bootstrap token, and what k3s makes of it: the hash of its authority in front. */
const tokenShapes = {
  kubeadm: /^[a-z0-9]{6}\.[a-z0-9]{16}$/,
  k3s: /^K10[0-9a-f]{64}::[a-z0-9]{6}\.[a-z0-9]{16}$|^K10[0-9a-f]{64}::(?:server|node):[!-~]+$/,
} as const;

/** The box's registry, as its nodes ask it: over TLS 1.3, with the certificate that the box gave them. */
export const RegistryMaterialSchema = z.strictObject({
  /** Host and port; one of the names in its certificate. */
  address: z.string(),
  /** PEM of its certificate, which nobody but the box has signed. */
  certificate: z.string(),
  /** SHA-256 of the manifest of the box's bundle: a node with the same one has the same images. */
  bundle: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});
export type RegistryMaterial = z.infer<typeof RegistryMaterialSchema>;

/**
 * All that one node needs to join a cluster. It is a secret, given over mTLS to the node that it was made
 * for; a server's has the keys of the cluster's authorities.
 */
export const JoinMaterialSchema = z
  .strictObject({
    apiVersion: z.literal('cpiab.dev/v1'),
    kind: z.literal('JoinMaterial'),
    engine: z.enum(engineKinds),
    role: z.enum(nodeRoles),
    /** Name that the node gets in the cluster. Source: RFC 1123 label, as Kubernetes wants it. */
    node: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
    /** Addresses of the servers, those that are known to work first. */
    servers: z.array(z.ipv4()).min(1),
    token: z.string(),
    /** Of kubeadm: SHA-256 of the public key of the cluster's authority, which the node checks. Source: RFC 7469 pin. */
    caHash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
    /** Of kubeadm, and only for servers: PEM files by their path below `/etc/kubernetes/pki`. */
    authorities: z.record(z.string(), z.string()).default({}),
    /** Which the node has from its first moment on. */
    taints: z.array(TaintSchema).default([]),
    /** Where images are that the node's own medium does not have. */
    registry: RegistryMaterialSchema.optional(),
  })
  .superRefine(({ engine, token }, context) => {
    if (!tokenShapes[engine].test(token))
      context.addIssue({
        code: 'custom',
        path: ['token'],
        message: `expected a token of ${engine}`,
        input: '',
      });
  });
export type JoinMaterial = z.infer<typeof JoinMaterialSchema>;
