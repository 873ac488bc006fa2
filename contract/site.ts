import { z } from 'zod';
import { ageRecipient } from './backup.ts';
import { chunkBytes } from './chunk-index.ts';
import { DiscoverPolicySchema } from './discover-policy.ts';
import { EncryptionSchema } from './encryption.ts';
import { type Engine, EngineSchema } from './engine.ts';
import { EnrollPolicySchema } from './enroll-policy.ts';
import { GitPolicySchema } from './git-policy.ts';
import { isGuarded } from './guarded.ts';
import { InstallSchema } from './install.ts';
import { defaultMedia, type MediaKind, mediaKinds } from './media.ts';
import { NodesPolicySchema } from './node-pools.ts';
import { PodNetworkSchema } from './pod-network.ts';
import { ReadPolicySchema } from './read-policy.ts';
import { parseBytes } from './units.ts';
import { UpdatePolicySchema } from './update-policy.ts';

const siteName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,30}$/,
    'expected lower-case letters, digits and hyphens, a letter first, at most 31',
  );
const port = z
  .int('expected a port')
  .min(1, 'expected a port from 1 on')
  .max(65_535, 'expected a port up to 65535');
const outside = z.union(
  [z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()],
  'expected an address or a network, such as 192.0.2.7 or 2001:db8::/64',
);
/** Source: RFC 1035 section 2.3.1, RFC 1123 section 2.1. */
const domain = z
  .string()
  .max(200)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
    'expected a domain such as box.home.arpa, in lower case',
  );
const network = z.cidrv4('expected an IPv4 network such as 10.42.0.0/16');

/** Where an artifact comes from: `source` compiles or packages it, `upstream` takes what a project publishes. */
export const supplies = ['source', 'upstream'] as const;

/** One cluster's definition, `config/clusters/<name>.yaml`; a copy is in the box. Unknown keys are errors. */
export const SiteSchema = z
  .strictObject({
    apiVersion: z.literal('cpiab.dev/v1'),
    kind: z.literal('Site'),
    /** The file's name without `.yaml`; names the box, its Git repository and its artifacts. */
    name: siteName,
    /** Default `source`. */
    supply: z.enum(supplies).default('source'),
    /**
     * Without one the site has no box: its bundle carries images and Git for somebody else's cluster.
     * With k3s it carries the release of k3s too, but has no box either: docs/operate/engines.md.
     */
    engine: EngineSchema.optional(),
    /** Networks inside the box. None may overlap with another, nor with the networks the box stands in. */
    network: z
      .strictObject({
        /** The node's fixed address, on an interface of its own. Default 10.44.0.1. */
        nodeAddress: z.ipv4('expected an IPv4 address such as 10.44.0.1').default('10.44.0.1'),
        /** Default 10.42.0.0/16. */
        podCIDR: network.default('10.42.0.0/16'),
        /** Default 10.43.0.0/16; its tenth address is the cluster's DNS. */
        serviceCIDR: network.default('10.43.0.0/16'),
        /**
         * How packets get to pods on other nodes; WireGuard encrypts them. Default `vxlan`. NetworkPolicy is enforced
         * with both; with `none` policies are not enforced, pods of other nodes not reached.
         */
        podNetwork: PodNetworkSchema.default('vxlan'),
        /**
         * Names of routes to apps end in it; the box certifies no others. Default box.home.arpa: RFC 8375 keeps
         * home.arpa for networks like this one.
         */
        domain: domain.default('box.home.arpa'),
        /** What pods and the box may reach outside. Default nothing. Images and Git must be in the bundle all the same. */
        egress: z
          .array(z.strictObject({ to: outside, protocol: z.enum(['tcp', 'udp']), port }))
          .max(200, 'expected at most 200')
          .default([]),
        /**
         * Servers that the cluster's DNS asks for names outside of it, at port 53; the way to them is open. Default
         * none: such names fail at once.
         */
        nameservers: z
          .array(z.ipv4('expected an IPv4 address such as 192.0.2.53'))
          .max(3, 'expected at most 3')
          .default([]),
      })
      .prefault({}),
    /** Bundle sets to carry: names of files in `bundles/`. Default only `core`, with k3s none. */
    bundles: z.array(z.string()).min(1, 'expected at least one bundle set').optional(),
    bundle: z
      .strictObject({
        /** Days after the lock's date until the bundle expires. Default 365. */
        validDays: z
          .int('expected a whole number of days')
          .min(1, 'expected at least 1 day')
          .max(3650)
          .default(365),
      })
      .prefault({}),
    /** How to reach registries of published images, by the host in their references. Default: over TLS at that name. */
    registries: z
      .record(
        z.string(),
        z.strictObject({
          /** Addresses to ask before the registry's own, above `/v2/`. Plain http is for this machine only. */
          mirrors: z
            .array(
              z
                .url({ protocol: /^https?$/, error: 'expected an https address' })
                .refine(
                  (text) => URL.canParse(text) && isGuarded(new URL(text)),
                  'expected an https address, or an http one of this machine',
                ),
            )
            .default([]),
          /** Path in the repository of PEM certificates to trust for it, besides the system's. */
          ca: z.string().optional(),
          /** Keys of which one must have signed each published image that an entry covers. */
          signatures: z
            .array(
              z.strictObject({
                /** A repository on the registry, with all below it; every one unless told. */
                repository: z
                  .string()
                  .regex(/^[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/, 'expected a path such as team or team/app')
                  .optional(),
                /** Path in the repository of a PEM public key, as cosign has it. */
                key: z.string(),
              }),
            )
            .default([]),
        }),
      )
      .default({}),
    /** Whether published images may be stand-ins, which their label `dev.cpiab.rehearsal` tells. Default no: they are refused. */
    rehearsal: z.boolean().default(false),
    /** How to reach servers of published files and Git repositories, by host, with the port where it isn't the usual one. */
    servers: z
      .record(
        z.string(),
        z.strictObject({
          /** Path in the repository of PEM certificates to trust for it, besides the system's. */
          ca: z.string().optional(),
        }),
      )
      .default({}),
    /** Default an ISO and a tarball, or a tarball alone where the site has no box. */
    media: z.array(z.enum(mediaKinds)).optional(),
    /** Most bytes of a volume, such as 4GB: each medium is also written split into such. Default not split. */
    volumeSize: z.string().refine(isVolumeSize, 'expected a size of at least 1MiB, such as 4GB').optional(),
    /** The disk that keeps a box's state. */
    disk: z
      .strictObject({
        /** MiB of the data partition as the image has it; a box extends it to the end of its disk. Default 2048. */
        dataMiB: z
          .int('expected a whole number of MiB')
          .min(512, 'expected at least 512 MiB')
          .max(1_048_576)
          .default(2048),
        /**
         * Whether a state that a box makes is encrypted (LUKS2), and what opens it at a start: `tpm2` the machine's TPM,
         * with a recovery passphrase beside it; `passphrase` a person, or the machine's seed. A state that is there
         * stays as it is. Default `none`.
         */
        encrypt: EncryptionSchema.default('none'),
      })
      .prefault({}),
    /** The registry of a box, which has the bundle's images. */
    registry: z
      .strictObject({
        /**
         * Who may read it at port 7443: `anyone`, or `certificate`, operators and nodes. The box's own containerd asks
         * at the loopback address, nodes at port 7444 by their certificates. Default `anyone`.
         */
        read: ReadPolicySchema.default('anyone'),
      })
      .prefault({}),
    /** Who may read the box's Git, and what it asks of a push. */
    git: GitPolicySchema.prefault({}),
    /** Who may join the box as a node. */
    enroll: EnrollPolicySchema.prefault({}),
    /** Labels and taints of nodes. */
    nodes: NodesPolicySchema.prefault({}),
    /** How a box installs itself from its ISO. */
    install: InstallSchema.prefault({}),
    /** How a box that runs from a disk changes its version. */
    update: UpdatePolicySchema.prefault({}),
    /** How a box learns what stands around it. */
    discover: DiscoverPolicySchema.prefault({}),
    /** Backups that the box makes by itself, on its data disk, encrypted. Default none. */
    backup: z
      .strictObject({
        /** Hours from one to the next. Default 24. */
        everyHours: z.int('expected a whole number of hours').min(1).max(8760).default(24),
        /** How many are kept. Default 7. */
        keep: z.int('expected a whole number').min(1, 'expected at least 1').max(1000).default(7),
        /** Whether each is copied to a disk labelled CPIAB-BACKUP too, and its lack told. Default no. */
        disk: z.boolean().default(false),
        /** Who can decrypt them: `age1…` of age-keygen. */
        recipients: z.array(ageRecipient).min(1, 'expected at least one recipient').max(20),
      })
      .optional(),
    debian: z
      .strictObject({
        /** Default `trixie`, the one suite the images are made for. */
        suite: z.enum(['trixie']).default('trixie'),
        /** Base address of a mirror, above `dists/`. Default: the one in this machine's apt configuration. */
        mirror: z.url({ protocol: /^https?$/, error: 'expected an http or https address' }).optional(),
      })
      .prefault({}),
  })
  .superRefine(({ network: { nodeAddress, podCIDR, serviceCIDR } }, context) => {
    const overlaps = (key: string, value: string, first: string) =>
      context.addIssue({
        code: 'custom',
        path: ['network', key],
        input: value,
        message: `overlaps with ${first}`,
      });
    if (overlap(podCIDR, serviceCIDR)) overlaps('serviceCIDR', serviceCIDR, `podCIDR ${podCIDR}`);
    if (overlap(nodeAddress, podCIDR)) overlaps('nodeAddress', nodeAddress, `podCIDR ${podCIDR}`);
    if (overlap(nodeAddress, serviceCIDR)) overlaps('nodeAddress', nodeAddress, `serviceCIDR ${serviceCIDR}`);
  });
export type Site = z.infer<typeof SiteSchema>;
/** A site that has a box. */
export type BoxSite = Site & { engine: Engine };

export function hasBox(site: Site): site is BoxSite {
  return site.engine?.kind === 'kubeadm';
}

/** Why a site has no box; null for one that has. */
export function whyNoBox(site: Site): string | null {
  if (hasBox(site)) return null;
  return site.engine === undefined ? 'the site has no engine' : `no box runs engine ${site.engine.kind} yet`;
}

/** The bundle sets that a site carries. */
export function bundleSetsOf({ bundles, engine }: Site): readonly string[] {
  return bundles ?? (engine?.kind === 'k3s' ? [] : ['core']);
}

/** The media that a site's build writes. */
export function mediaOf(site: Site): readonly MediaKind[] {
  return site.media ?? (hasBox(site) ? defaultMedia : ['tarball']);
}

/** Most bytes of a volume, or undefined where media are not split. */
export function volumeSizeOf({ volumeSize }: Site): number | undefined {
  return volumeSize === undefined ? undefined : (parseBytes(volumeSize) ?? undefined);
}

/** The copy of a site that a box carries. @throws ZodError, or TypeError for a site without a box. */
export function parseBoxSite(value: unknown): BoxSite {
  const site = SiteSchema.parse(value);
  if (!hasBox(site)) throw new TypeError(`site ${site.name} has no box: ${whyNoBox(site)}`);
  return site;
}

function isVolumeSize(text: string): boolean {
  return (parseBytes(text) ?? 0) >= chunkBytes;
}

/** Whether two IPv4 networks (an address is a network of one) have an address in common. */
export function overlap(a: string, b: string): boolean {
  const [first, second] = [parseNetwork(a), parseNetwork(b)];
  const shared = 2 ** (32 - Math.min(first.length, second.length));
  return Math.floor(first.start / shared) === Math.floor(second.start / shared);
}

function parseNetwork(text: string): { start: number; length: number } {
  const [address = '', length = '32'] = text.split('/');
  const start = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return { start, length: Number(length) };
}
