import { z } from 'zod';

const Count = z.int().nonnegative();
const network = z.cidrv4();

/** Parts of the kernel without which a machine can't be a node. */
export const kernelParts = ['overlay', 'squashfs', 'loop'] as const;
export const cgroupControllers = ['cpu', 'cpuset', 'io', 'memory', 'pids'] as const;

/** What one machine of the other bank has: written there by `policy/fit/facts.sh`. */
export const MachineFactsSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('MachineFacts'),
  name: z.string().min(1).max(253),
  /** As `uname -m` has it. */
  architecture: z.string(),
  kernel: z.string(),
  cpus: z.int().positive(),
  memoryBytes: z.int().positive(),
  /** What its programs leave: MemAvailable. */
  memoryFreeBytes: Count,
  /** On the file system of /var/lib. */
  diskFreeBytes: Count,
  /** The file system at /sys/fs/cgroup; `cgroup2fs` where there is cgroup v2 alone. */
  cgroup: z.string(),
  controllers: z.array(z.string()),
  /** Of `kernelParts`, those that it has or can load. */
  kernelHas: z.array(z.enum(kernelParts)),
  /** Programs of a container runtime or a Kubernetes that are installed, each with its version. */
  runtimes: z.array(z.string()),
  /** With the length of their networks. */
  addresses: z.array(network),
  /** To which it has a route. */
  networks: z.array(network),
  /** Whether its clock is kept by NTP. */
  clock: z.enum(['synchronised', 'not-synchronised', 'unknown']),
});
export type MachineFacts = z.infer<typeof MachineFactsSchema>;

export const fitGroups = ['capacity', 'machines', 'addresses', 'services', 'versions'] as const;
export type FitGroup = (typeof fitGroups)[number];

/** `remark`: it can go well, and somebody should look; `unknown`: nobody has measured it. */
export const fitResults = ['pass', 'remark', 'fail', 'unknown'] as const;

export const FitCheckSchema = z.strictObject({
  /** Such as `services/nfs/192.168.1.20`. */
  id: z.string(),
  group: z.enum(fitGroups),
  result: z.enum(fitResults),
  /** Whether it can't do without. */
  required: z.boolean(),
  what: z.string(),
  needed: z.string(),
  found: z.string(),
});
export type FitCheck = z.infer<typeof FitCheckSchema>;

const PlacedSchema = z.strictObject({
  /** `namespace/name`. */
  workload: z.string(),
  cpuMillis: Count,
  memoryBytes: Count,
  diskBytes: Count,
});
export type Placed = z.infer<typeof PlacedSchema>;

export const AssessedMachineSchema = z.strictObject({
  name: z.string(),
  /** `seen`: somebody else's, which answers on the network. */
  role: z.enum(['box', 'node', 'seen']),
  addresses: z.array(z.string()),
  /** What there is room for; null for what nobody has measured. */
  cpuMillis: Count.nullable(),
  memoryBytes: Count.nullable(),
  diskBytes: Count.nullable(),
  kernel: z.string().nullable(),
  /** `name:port` of what answers there. */
  services: z.array(z.string()),
  /** Why nothing can run there, or null. */
  refused: z.string().nullable(),
  /** One way in which all finds room, the largest first; the scheduler may choose another. */
  runs: z.array(PlacedSchema),
});
export type AssessedMachine = z.infer<typeof AssessedMachineSchema>;

export const fitVerdicts = ['fits', 'fits-with-remarks', 'does-not-fit'] as const;
export type FitVerdict = (typeof fitVerdicts)[number];

/** `cpiab assess --json`: whether something that is to move finds in another place what it needs. */
export const AssessmentSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Assessment'),
  /** What is to move, such as `site lab`. */
  subject: z.string(),
  verdict: z.enum(fitVerdicts),
  checks: z.array(FitCheckSchema),
  machines: z.array(AssessedMachineSchema),
  /** Workloads for which no machine has room. */
  unplaced: z.array(PlacedSchema),
});
export type Assessment = z.infer<typeof AssessmentSchema>;

/** What can't be done without and was not measured does not fit. */
export function fitVerdict(checks: readonly Pick<FitCheck, 'result' | 'required'>[]): FitVerdict {
  const bad = ({ result, required }: Pick<FitCheck, 'result' | 'required'>) =>
    result === 'fail' || (result === 'unknown' && required);
  if (checks.some(bad)) return 'does-not-fit';
  return checks.every(({ result }) => result === 'pass') ? 'fits' : 'fits-with-remarks';
}
