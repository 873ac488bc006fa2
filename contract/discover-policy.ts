import { z } from 'zod';

/** What a box does to learn what stands around it: nothing, only listen, or ask as well. */
export const discoverModes = ['off', 'passive', 'active'] as const;

/** Services that a box tells apart by their first answer; it never logs in anywhere. */
export const probeNames = [
  ...(['ssh', 'dns', 'nfs', 'smb', 'kubernetes'] as const),
  ...(['registry', 'proxmox', 'synology', 'cpiab', 'http', 'https'] as const),
] as const;
export type ProbeName = (typeof probeNames)[number];

/** What an inventory may be read as a reason for. A person decides; the box does nothing of it by itself. */
export const proposalKinds = ['join', 'nfs', 'dns', 'registry'] as const;

const pattern = (what: string) =>
  z.string().regex(/^[\w.*@-]{1,63}$/, `expected ${what}, with * for any characters`);

/** All that is told must be so. */
const ConditionSchema = z
  .strictObject({
    /** Of a link, such as `eth*`. */
    link: pattern('the name of a link').optional(),
    /** One of the host's addresses lies in it. */
    network: z.cidrv4('expected an IPv4 network such as 192.168.1.0/24').optional(),
    /** One of the names that the host has given itself, such as `nas*`. */
    name: pattern('the name of a host').optional(),
    /** The host's hardware address, or how it begins. */
    mac: z
      .string()
      .regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){0,5}$/, 'expected a hardware address such as 00:11:32, lower-case')
      .optional(),
    /** A service that was recognised, or the name of one that mDNS tells, such as `ipp`. */
    service: pattern('the name of a service').optional(),
  })
  .refine((condition) => Object.keys(condition).length > 0, 'expected at least one condition');

const PolicySchema = z.strictObject({
  /**
   * `off`: nothing; `passive`: listens to mDNS and reads the kernel's tables of neighbours, and asks nothing;
   * `active`: asks by mDNS, ARP and IPv6 neighbour discovery, and probes. Default `passive`.
   */
  mode: z.enum(discoverModes).default('passive'),
  /** Names of links, such as `eth*`. Default every network card. */
  links: z.array(pattern('the name of a link')).min(1, 'expected at least one link').max(32).optional(),
  /** Seconds from one look to the next. Default 300. */
  everySeconds: z.int('expected a whole number of seconds').min(10).max(86_400).default(300),
  /** Asking every IPv4 address of a link's networks by ARP. */
  sweep: z
    .strictObject({
      /** Most questions in a second. Default 1000, about half a megabit. */
      perSecond: z.int('expected a whole number').min(1).max(2000).default(1000),
      /** Networks of more addresses are not swept. Default 1024, a /22. */
      most: z.int('expected a whole number').min(1).max(4096).default(1024),
    })
    .prefault({}),
  /** What hosts are asked, by TCP connections that say no more than is needed for a first answer. Default all. */
  probe: z.array(z.enum(probeNames)).default([...probeNames]),
  /**
   * Whether the box tells by mDNS that it is there, for people and nodes that look for one: its site, its address and
   * the fingerprint of its key. Default false.
   */
  announce: z.boolean('expected true or false').default(false),
  /** What is proposed to people. */
  propose: z
    .array(
      z.strictObject({
        /** Names the rule in what it proposes. */
        name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'expected lower-case letters, digits and hyphens'),
        /** `join`: enrol the host; the others: use that service of it. */
        propose: z.enum(proposalKinds),
        when: ConditionSchema,
      }),
    )
    .max(64)
    .default([]),
});

/** `discover` of a site. It is part of the signed medium: nothing on the network and no push changes it. */
export const DiscoverPolicySchema = PolicySchema.refine(({ mode, announce }) => mode !== 'off' || !announce, {
  path: ['announce'],
  error: 'expected false where mode is off: who announces must listen too',
});
export type DiscoverPolicy = z.infer<typeof DiscoverPolicySchema>;
export type ProposalRule = DiscoverPolicy['propose'][number];
