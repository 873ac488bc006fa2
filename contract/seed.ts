import { isMap, isNode, isScalar, parseDocument } from 'yaml';
import { z } from 'zod';
import { InstallSchema } from './install.ts';
import { parseInvitation } from './invitation.ts';

/** What a person gives one machine before its first start: the same medium then makes many boxes. */
export const seed = {
  /** File system label of a volume that has one. */
  label: 'CPIAB-SEED',
  /** Its one file. */
  file: 'seed.yaml',
  /** Most bytes. */
  largest: 64 << 10,
  /** Name under which the host of a virtual machine may give one through QEMU's firmware configuration. */
  firmwareKey: 'opt/cpiab/seed',
  /** Before the seed in base64, in an OEM string of SMBIOS (DMTF DSP0134, section 7.12). */
  oemPrefix: 'cpiab.seed=',
} as const;

/** Of a box that was never given another; `images/os/files/etc/hostname` has it. */
export const usualHostname = 'cpiab';

const cardName = z
  .string()
  .regex(/^[A-Za-z0-9*?][\w*?.-]{0,14}$/, 'expected the name of a network card, such as enp1s0 or en*');
const mac = z
  .string()
  .regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i, 'expected a MAC address such as 52:54:00:12:34:56')
  .toLowerCase();
const withLength = 'expected an address with the length of its network, such as 192.0.2.7/24';
const address = z.union([z.cidrv4(withLength), z.cidrv6(withLength)]);
const plain = 'expected an address such as 192.0.2.1';

export const CardSchema = z
  .strictObject({
    /** The card with this address. */
    mac: mac.optional(),
    /** The card that Linux gives this name; `*` and `?` stand for others. */
    name: cardName.optional(),
  })
  .superRefine((card, context) => {
    if ((card.mac === undefined) !== (card.name === undefined)) return;
    context.addIssue({ code: 'custom', input: card, message: 'expected either a mac or a name' });
  });

const NetworkSchema = z
  .strictObject({
    /** Which card is meant. Default every one that is built in, each with its own lease. */
    interface: CardSchema.optional(),
    /** Fixed addresses; then there is no lease. Default: what DHCP gives. */
    addresses: z.array(address).min(1, 'expected at least one address').max(16).optional(),
    /** Where answers to other networks go. */
    gateway: z.union([z.ipv4(plain), z.ipv6(plain)]).optional(),
    /** Number of a VLAN (IEEE 802.1Q) that the box is in; then it is in no other on that card. */
    vlan: z.int('expected a number from 1 to 4094').min(1).max(4094).optional(),
  })
  .superRefine((network, context) => {
    const needs = (key: 'interface' | 'addresses', why: string) =>
      context.addIssue({ code: 'custom', path: [key], input: network[key], message: why });
    const { addresses, gateway, vlan } = network;
    if (network.interface === undefined && (addresses !== undefined || vlan !== undefined))
      needs('interface', 'expected the card that is meant, such as {mac: 52:54:00:12:34:56}');
    if (gateway !== undefined && addresses === undefined)
      needs('addresses', 'expected the fixed addresses that the gateway belongs to');
  });
export type SeedNetwork = z.infer<typeof NetworkSchema>;

/** What a person may choose to open an encrypted state with, at any keyboard. */
export const PassphraseSchema = z
  .string()
  .regex(/^[!-~](?:[ -~]{10,510})[!-~]$/, 'expected 12 to 512 characters of ASCII, no space at either end');

/** How the machine's encrypted state is opened, where the site has it so. */
const DiskSchema = z.strictObject({
  /**
   * Opens the state; what a state that is made gets, beside a TPM as its recovery passphrase. Whoever reads the seed
   * has it. It is never kept on the machine's disk.
   */
  passphrase: PassphraseSchema,
});

/** What a machine becomes: a box, with a cluster of its own, a node of one, or a node that is a control plane too. */
export const machineRoles = ['box', 'node', 'control-plane'] as const;
export type MachineRole = (typeof machineRoles)[number];

const invitation = z.string().superRefine((text, context) => {
  const parsed = parseInvitation(text);
  if (typeof parsed === 'string') context.addIssue({ code: 'custom', input: '', message: parsed });
});

const SeedFieldsSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Seed'),
  /** Default `box`. */
  role: z.enum(machineRoles).default('box'),
  /** Of a machine that joins: the line that `cpiab invite` printed. It is a secret until it is used. */
  invitation: invitation.optional(),
  /** Name of the machine and of its node. Default `cpiab`. It stays once there is a cluster. */
  hostname: z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
      'expected lower-case letters, digits and hyphens, at most 63, no hyphen at either end',
    )
    .default(usualHostname),
  network: NetworkSchema.prefault({}),
  /** Instead of the site's `install`. Its mode counts where the boot menu leaves it open. */
  install: InstallSchema.optional(),
  disk: DiskSchema.optional(),
});

/** `seed.yaml`. Unknown keys are errors; what is left out is as without a seed. */
export const SeedSchema = SeedFieldsSchema.superRefine(({ role, invitation, hostname }, context) => {
  const wrong = (key: 'invitation' | 'hostname', message: string) =>
    context.addIssue({ code: 'custom', path: [key], input: '', message });
  if (role === 'box' && invitation !== undefined)
    wrong('invitation', 'expected it only of a machine that joins');
  if (role === 'box') return;
  if (invitation === undefined) wrong('invitation', 'expected the line that `./cpiab invite` printed');
  if (hostname === usualHostname)
    wrong('hostname', `expected a name of the node's own: ${usualHostname} is what boxes are called`);
});
export type Seed = z.infer<typeof SeedSchema>;

/** A seed as it may be kept on a disk: without the passphrase that opens that disk. All else stays as it was written. */
export function withoutPassphrase(text: string): string {
  const document = parseDocument(text);
  const { contents } = document;
  if (!isMap(contents) || !document.hasIn(['disk', 'passphrase'])) return text;
  const disk = contents.items.find(({ key }) => isScalar(key) && key.value === 'disk');
  const [from, to] = [rangeOf(disk?.key)?.[0], rangeOf(disk?.value)?.[2]];
  if (contents.flow !== true && from !== undefined && to !== undefined)
    return text.slice(0, from) + text.slice(to);
  document.delete('disk');
  return document.toString();
}

/** Where a node begins, and where its value and its node end. */
const rangeOf = (node: unknown) => (isNode(node) ? node.range : undefined);
