import { createHash } from 'node:crypto';
import type { ProxmoxCall, ProxmoxCallName, ProxmoxPlan } from '../../../contract/proxmox.ts';
import type { DeployedMedium } from './medium.ts';

/** What a person chose. */
export interface ProxmoxChoice {
  /** `https://host:port`. */
  server: string;
  /** SHA-256 of the server's certificate, hexadecimal. */
  fingerprint: string;
  node: string;
  vmid: number;
  /** The virtual machine's name. */
  name: string;
  /** Storage for the medium. */
  mediumStorage: string;
  /** Storage for the machine's disk and its UEFI variables. */
  diskStorage: string;
  diskGib: number;
  cores: number;
  memoryMib: number;
  bridge: string;
  /** VLAN tag, or null for none. */
  vlan: number | null;
}

/** Begins the line of a machine's description by which it is known again. */
const MARK = 'cpiab-deploy:';

/** Every call that will be made, with its parameters. Asks nobody. */
export function planProxmox(choice: ProxmoxChoice, medium: DeployedMedium): ProxmoxPlan {
  const { server, fingerprint, node, vmid, mediumStorage: storage, diskStorage, diskGib } = choice;
  const stored = medium.name.replace(/(\.\w+)$/, `-${medium.sha256.slice(0, 16)}$1`);
  const volume = `${storage}:${medium.content}/${stored}`;
  const machine = machineOf(choice, medium, volume);
  const digest = digestOf({ ...machine, sha256: medium.sha256, diskGib: String(diskGib) });
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'ProxmoxPlan',
    server,
    fingerprint,
    node,
    vmid,
    medium: { ...medium, storage, volume },
    disk: { storage: diskStorage, gib: diskGib },
    digest,
    calls: callsOf(choice, medium, stored, { ...machine, description: describe(digest) }),
  };
}

/** The digest of the plan that made a machine, from its description; null when no plan did. */
export function digestIn(description: string | undefined): string | null {
  return new RegExp(`^${MARK} ([0-9a-f]{64})$`, 'm').exec(description ?? '')?.[1] ?? null;
}

const describe = (digest: string) =>
  `CPiaB box. The next line is how cpiab knows it again.\n${MARK} ${digest}`;

function digestOf(parameters: Record<string, string>): string {
  const sorted = Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** Parameters of the virtual machine. Source: POST /nodes/{node}/qemu in the API documentation of Proxmox VE 9.2. */
function machineOf(choice: ProxmoxChoice, { content }: DeployedMedium, volume: string) {
  const { vmid, name, diskStorage, diskGib, cores, memoryMib, bridge, vlan } = choice;
  const options = 'discard=on,iothread=1';
  // An ISO stays in the drive and the blank disk becomes the box's data disk; an image holds both.
  const disks: Record<string, string> =
    content === 'iso'
      ? {
          ide2: `${volume},media=cdrom`,
          scsi0: `${diskStorage}:${diskGib},${options}`,
          boot: 'order=ide2',
        }
      : { scsi0: `${diskStorage}:0,import-from=${volume},${options}`, boot: 'order=scsi0' };
  return {
    vmid: String(vmid),
    name,
    ostype: 'l26',
    machine: 'q35',
    bios: 'ovmf',
    // 4m with Microsoft's keys: the box's shim starts with Secure Boot on.
    efidisk0: `${diskStorage}:1,efitype=4m,pre-enrolled-keys=1`,
    scsihw: 'virtio-scsi-single',
    net0: `virtio,bridge=${bridge}${vlan === null ? '' : `,tag=${vlan}`}`,
    serial0: 'socket',
    vga: 'std',
    cpu: 'host',
    cores: String(cores),
    memory: String(memoryMib),
    onboot: '1',
    ...disks,
  };
}

function callsOf(
  { node, vmid, mediumStorage, diskStorage, diskGib }: ProxmoxChoice,
  { content, sha256 }: DeployedMedium,
  filename: string,
  machine: Record<string, string>,
): ProxmoxCall[] {
  const at = `/nodes/${node}`;
  const storage = `${at}/storage/${mediumStorage}`;
  const checksum = { checksum: sha256, 'checksum-algorithm': 'sha256' };
  const grown = { disk: 'scsi0', size: `${diskGib}G` };
  return [
    call('version', 'GET', '/version', 'first'),
    call('medium-storage', 'GET', `${storage}/status`, 'always'),
    call('disk-storage', 'GET', `${at}/storage/${diskStorage}/status`, 'always'),
    call('content', 'GET', `${storage}/content`, 'always', { content }),
    call('config', 'GET', `${at}/qemu/${vmid}/config`, 'always'),
    call('upload', 'POST', `${storage}/upload`, 'no machine yet, and the storage lacks the medium', {
      content,
      filename,
      ...checksum,
    }),
    call('create', 'POST', `${at}/qemu`, 'no machine has this number', machine),
    ...(content === 'import'
      ? [call('resize', 'PUT', `${at}/qemu/${vmid}/resize`, 'its disk is smaller', grown)]
      : []),
    call('state', 'GET', `${at}/qemu/${vmid}/status/current`, 'the machine is there'),
    call('start', 'POST', `${at}/qemu/${vmid}/status/start`, 'it does not run'),
  ];
}

function call(
  name: ProxmoxCallName,
  method: ProxmoxCall['method'],
  path: string,
  when: string,
  parameters: Record<string, string> = {},
): ProxmoxCall {
  return { name, method, path, parameters, when };
}
