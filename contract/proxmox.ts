import { z } from 'zod';

/** What the calls are for, in the order in which they are made. */
export const proxmoxCallNames = [
  'version',
  'medium-storage',
  'disk-storage',
  'content',
  'upload',
  'config',
  'create',
  'resize',
  'state',
  'start',
] as const;
export type ProxmoxCallName = (typeof proxmoxCallNames)[number];

/** One call of the Proxmox VE API, version 2, below `/api2/json`. */
export const ProxmoxCallSchema = z.strictObject({
  name: z.enum(proxmoxCallNames),
  method: z.enum(['GET', 'POST', 'PUT']),
  path: z.string(),
  parameters: z.record(z.string(), z.string()),
  /** When it is made, for people. */
  when: z.string(),
});
export type ProxmoxCall = z.infer<typeof ProxmoxCallSchema>;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What `cpiab deploy proxmox` will do; `--plan` prints it. The same input gives the same plan. */
export const ProxmoxPlanSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('ProxmoxPlan'),
  /** `https://host:port`. */
  server: z.string(),
  /** SHA-256 of the server's certificate. */
  fingerprint: Sha256,
  node: z.string(),
  vmid: z.int().min(100).max(999_999_999),
  medium: z.strictObject({
    name: z.string(),
    size: z.int().nonnegative(),
    sha256: Sha256,
    /** What Proxmox VE calls it: an ISO stays in the drive, a disk image is copied to a disk. */
    content: z.enum(['iso', 'import']),
    storage: z.string(),
    /** Its name on the server. */
    volume: z.string(),
  }),
  disk: z.strictObject({ storage: z.string(), gib: z.int().positive() }),
  /** Identifies the virtual machine as made by this plan: the SHA-256 of what it is made of. */
  digest: Sha256,
  calls: z.array(ProxmoxCallSchema),
});
export type ProxmoxPlan = z.infer<typeof ProxmoxPlanSchema>;
