import { z } from 'zod';
import { NodeNameSchema } from '../enroll.ts';
import { overlap } from '../site.ts';
import { contains } from './network.ts';
import { stepNames } from './steps.ts';

/** What the banks of a drill are made of: namespaces alone, or with boxes and nodes in virtual machines. */
export const substrates = ['netns', 'qemu'] as const;
export type Substrate = (typeof substrates)[number];

/** What one host of a bank runs. A host is one network namespace, so what leaves it has one name. */
export const services = ['box', 'dns', 'database', 'web', 'batch', 'files', 'customers', 'node'] as const;
export type Service = (typeof services)[number];

/** The parts of the workload: each moves from the one bank to the other, on a host of its own. */
export const workloadParts = ['database', 'web', 'batch', 'files'] as const;

/** Ways in which a database moves. */
export const moveMethods = ['streaming', 'dump'] as const;
export type MoveMethod = (typeof moveMethods)[number];

const seconds = (most: number) => z.int('expected a whole number of seconds').min(1).max(most);
const count = (most: number) => z.int('expected a whole number').min(1).max(most);

const HostSchema = z.strictObject({
  address: z.ipv4('expected an IPv4 address such as 10.101.0.20'),
  runs: z.enum(services),
});
export type DrillHost = z.infer<typeof HostSchema>;

const BankSchema = z.strictObject({
  /** Names of its services lie below it; the bank's own DNS answers them. */
  domain: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'expected a domain such as bank-a.internal'),
  /** The first address is the gateway's. */
  network: z.cidrv4('expected an IPv4 network such as 10.101.0.0/24'),
  hosts: z.record(NodeNameSchema.max(12, 'expected at most 12 letters'), HostSchema),
});

/** What goes wrong on purpose, and before which step it begins. */
const at = z.enum(stepNames);
const bank = z.enum(['a', 'b']);
export const FaultSchema = z.discriminatedUnion('fault', [
  /** The drill's own process is killed: before the step, or when it was done but not yet written down. */
  z.strictObject({ fault: z.literal('kill'), at, when: z.enum(['before', 'after']).default('before') }),
  /** The cable between the banks is pulled. */
  z.strictObject({ fault: z.literal('split'), at, seconds: seconds(120) }),
  /** Packets between the banks are lost. */
  z.strictObject({ fault: z.literal('loss'), at, percent: count(60), seconds: seconds(120) }),
  /** The disk of a host has no room left. */
  z.strictObject({ fault: z.literal('full-disk'), at, bank, megabytes: count(1024).default(16) }),
  /** A bank's hosts lose power so long after the step was begun, or when it is done before, and start again. */
  z.strictObject({
    fault: z.literal('power-cut'),
    // Before there are banks.
    at: at.exclude(['prepare.banks']),
    bank,
    afterMs: z.int('expected a whole number of milliseconds').min(0).max(60_000).default(500),
  }),
  /** The clock of a bank's box and of its nodes is wrong for so long, or until the drill goes back. */
  z.strictObject({
    fault: z.literal('wrong-clock'),
    at,
    bank,
    days: z.int('expected a whole number of days').min(-3650).max(3650),
    seconds: seconds(120),
  }),
  /** The share of a bank takes no more writes. */
  z.strictObject({ fault: z.literal('read-only-share'), at, bank }),
  /** A byte of the cargo changes on its way. */
  z.strictObject({ fault: z.literal('corrupt-cargo'), at: z.literal('ship.verify') }),
  /** A stranger announces itself by mDNS as a box, and a machine is sent there. */
  z.strictObject({ fault: z.literal('rogue-box'), at: z.literal('spread.join') }),
  /** An invitation that was used is used again, from another host. */
  z.strictObject({ fault: z.literal('stolen-invitation'), at: z.literal('spread.join') }),
  /** The first approval of the cut-over is over when it is used. */
  z.strictObject({ fault: z.literal('expired-approval'), at: z.literal('move.approve') }),
  /** A workload tries to reach an address outside. */
  z.strictObject({ fault: z.literal('egress'), at, bank, part: z.enum(workloadParts) }),
]);
export type Fault = z.infer<typeof FaultSchema>;

/** `drills/<name>.yaml`: a migration to rehearse. */
export const ScenarioSchema = z
  .strictObject({
    apiVersion: z.literal('cpiab.dev/v1'),
    kind: z.literal('Drill'),
    name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'expected lower-case letters, digits and hyphens'),
    /** Whose key signs cargo and report. Default `lab`. */
    site: z.string().default('lab'),
    banks: z.strictObject({ a: BankSchema, b: BankSchema }),
    workload: z.strictObject({
      /** A ledger in PostgreSQL. */
      database: z
        .strictObject({
          /**
           * How it moves. `streaming`: a replica follows until it takes over; the cut-over waits for the last bytes of the
           * log. `dump`: pg_dump and pg_restore while nobody takes writes; also between versions of PostgreSQL.
           */
          method: z.enum(moveMethods).default('streaming'),
          accounts: count(100_000).default(100),
          /** Payments that are in the ledger before customers come. */
          history: count(1_000_000).default(2000),
        })
        .prefault({}),
      files: z
        .strictObject({
          number: count(1000).default(20),
          kilobytes: count(10_240).default(64),
          /** Folders, in folders, over which the files are spread; 0 for none. */
          folders: z.int('expected a whole number').min(0).max(100).default(0),
        })
        .prefault({}),
      /** What customers do while all this goes on. */
      load: z.strictObject({ perSecond: count(200).default(10) }).prefault({}),
    }),
    /** Who lets machines in and who lets writes move, and for how long that holds. */
    approvals: z.strictObject({
      join: z.string().regex(/^[\w.-]{1,40}$/, 'expected a name'),
      cutOver: z.strictObject({
        by: z.string().regex(/^[\w.-]{1,40}$/, 'expected a name'),
        validSeconds: seconds(3600).default(300),
      }),
    }),
    /** What counts as success. A drill that measures more fails, and so does one that could not measure. */
    limits: z.strictObject({
      /** Longest time without a write, per part of the workload. */
      rtoSeconds: seconds(3600),
      /** Writes that were acknowledged and are not there afterwards. */
      lostWrites: z.int().min(0).default(0),
      /** Requests that failed, of all that customers made. */
      failedPercent: z.number().min(0).max(100),
      /** How long the cut-over may wait for the other bank before writes go back. */
      cutOverSeconds: seconds(600).default(60),
    }),
    faults: z.array(FaultSchema).max(20).default([]),
  })
  .superRefine(({ banks }, context) => {
    const issue = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: ['banks', ...path], message });
    if (overlap(banks.a.network, banks.b.network))
      issue(['b', 'network'], `overlaps with ${banks.a.network} of bank a`);
    for (const name of ['a', 'b'] as const) {
      for (const [host, expected] of misplaced(banks[name]))
        issue([name, 'hosts', host, 'address'], expected);
      for (const service of needed[name])
        if (Object.values(banks[name].hosts).filter(({ runs }) => runs === service).length !== 1)
          issue([name, 'hosts'], `expected one host that runs ${service}`);
    }
  });
export type Scenario = z.infer<typeof ScenarioSchema>;
export type BankName = keyof Scenario['banks'];

/** Services that each bank has once. */
const needed = {
  a: ['box', 'dns', ...workloadParts, 'customers'],
  b: ['box', 'dns', ...workloadParts],
} as const satisfies Record<BankName, readonly Service[]>;

/** Hosts with an address that can't be theirs, and what was expected. */
function misplaced({ network, hosts }: z.infer<typeof BankSchema>): [string, string][] {
  const seen = new Set<string>();
  return Object.entries(hosts).flatMap(([host, { address }]): [string, string][] => {
    if (!contains(network, address)) return [[host, `expected an address of ${network} after the gateway's`]];
    if (seen.has(address)) return [[host, 'expected an address that no other host has']];
    seen.add(address);
    return [];
  });
}
