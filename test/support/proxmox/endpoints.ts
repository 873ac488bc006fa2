/**
 * The documented calls and parameters that a deployment may use, as the API viewer of Proxmox VE 9.2 has them
 * (pve-docs, api-viewer/apidoc.js). `additionalProperties` is 0 for each: what is not listed is refused. Formats of
 * options that are lists of their own (disks, networks) are spelt out as their documented keys.
 * `import` among the content types of uploads and `import-from` out of such a volume came with 8.4.
 */
export interface Parameter {
  required?: true;
  /** Another parameter: where that is given, this one must be. */
  besides?: string;
  pattern: RegExp;
}

export interface Endpoint {
  method: 'GET' | 'POST' | 'PUT';
  path: RegExp;
  /** Without those in the path. */
  parameters: Record<string, Parameter>;
  /** Of which `permissions` speaks, by path. */
  privileges: readonly (readonly [path: string, privilege: string])[];
}

const vmid = /^[1-9]\d{2,8}$/;
const boolean: Parameter = { pattern: /^[01]$/ };
const positive: Parameter = { pattern: /^[1-9]\d*$/ };
const storageId = '[a-z][a-z0-9._-]*[a-z0-9]';

/** `key=value` options after a first one without a key, all documented. */
function options(first: string, known: Record<string, string>): RegExp {
  const others = Object.entries(known).map(([key, value]) => `${key}=${value}`);
  return new RegExp(`^(?:${first})(?:,(?:${others.join('|')}))*$`, 'i');
}

const volume = `${storageId}:[^,]+`;
const drive = {
  discard: '(?:ignore|on)',
  'import-from': volume,
  cache: '(?:none|writethrough|writeback|unsafe|directsync)',
  media: '(?:cdrom|disk)',
  size: '\\d+[KMGT]?',
};

const create: Record<string, Parameter> = {
  vmid: { required: true, pattern: vmid },
  name: { pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]+)*$/i },
  description: { pattern: /^[\s\S]{0,8192}$/ },
  ostype: { pattern: /^(?:other|wxp|w2k|w2k3|w2k8|wvista|win7|win8|win10|win11|l24|l26|solaris)$/ },
  machine: { pattern: /^(?:pc|q35|pc-q35-\d+(?:\.\d+)+(?:\+pve\d+)?)$/ },
  bios: { pattern: /^(?:seabios|ovmf)$/ },
  efidisk0: {
    pattern: options(volume, {
      efitype: '(?:2m|4m)',
      'pre-enrolled-keys': '[01]',
      format: '(?:raw|qcow2|vmdk)',
      'import-from': volume,
    }),
  },
  scsihw: { pattern: /^(?:lsi|lsi53c810|virtio-scsi-pci|virtio-scsi-single|megasas|pvscsi)$/ },
  scsi0: { pattern: options(volume, { ...drive, iothread: '[01]', ssd: '[01]' }) },
  // No iothread for IDE.
  ide2: { pattern: options(volume, drive) },
  net0: {
    pattern: options('(?:model=)?(?:virtio|e1000|e1000e|rtl8139|vmxnet3)(?:=[0-9a-f:]{17})?', {
      bridge: '[a-z][a-z0-9_.-]*',
      tag: '\\d{1,4}',
      firewall: '[01]',
      mtu: '\\d+',
    }),
  },
  serial0: { pattern: /^(?:\/dev\/[^,]+|socket)$/ },
  vga: { pattern: /^(?:type=)?(?:cirrus|qxl|none|serial[0-3]|std|virtio|virtio-gl|vmware)$/ },
  cpu: { pattern: /^(?:cputype=)?[\w-]+(?:,flags=[^,]+)?$/ },
  cores: positive,
  memory: { pattern: /^(?:current=)?\d+$/ },
  agent: { pattern: /^(?:enabled=)?[01](?:,type=(?:virtio|isa))?$/ },
  onboot: boolean,
  start: boolean,
  boot: { pattern: /^order=\w+(?:;\w+)*$/ },
};

const creating = ['Disk', 'CPU', 'Memory', 'Network', 'HWType', 'Options', 'CDROM'];

export const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: /^\/version$/, parameters: {}, privileges: [] },
  {
    method: 'GET',
    path: /^\/nodes\/(?<node>[\w-]+)\/storage\/(?<storage>[\w.-]+)\/status$/,
    parameters: {},
    privileges: [['/storage/{storage}', 'Datastore.Audit']],
  },
  {
    method: 'GET',
    path: /^\/nodes\/(?<node>[\w-]+)\/storage\/(?<storage>[\w.-]+)\/content$/,
    parameters: {
      content: { pattern: /^(?:images|rootdir|vztmpl|iso|backup|snippets|import)$/ },
      vmid: { pattern: vmid },
    },
    privileges: [['/storage/{storage}', 'Datastore.Audit']],
  },
  {
    method: 'POST',
    path: /^\/nodes\/(?<node>[\w-]+)\/storage\/(?<storage>[\w.-]+)\/upload$/,
    parameters: {
      content: { required: true, pattern: /^(?:iso|vztmpl|import)$/ },
      filename: { required: true, pattern: /^[a-zA-Z0-9.+=_-]{1,251}\.(?:iso|img|ova|qcow2|raw|vmdk)$/ },
      checksum: { pattern: /^[0-9a-f]{32,128}$/, besides: 'checksum-algorithm' },
      'checksum-algorithm': { pattern: /^(?:md5|sha1|sha224|sha256|sha384|sha512)$/, besides: 'checksum' },
    },
    privileges: [['/storage/{storage}', 'Datastore.AllocateTemplate']],
  },
  {
    method: 'GET',
    path: /^\/nodes\/(?<node>[\w-]+)\/tasks\/(?<upid>UPID:[^/]+)\/status$/,
    parameters: {},
    privileges: [],
  },
  {
    method: 'GET',
    path: /^\/nodes\/(?<node>[\w-]+)\/qemu\/(?<vmid>[1-9]\d{2,8})\/config$/,
    parameters: { current: boolean },
    privileges: [['/vms/{vmid}', 'VM.Audit']],
  },
  {
    method: 'POST',
    path: /^\/nodes\/(?<node>[\w-]+)\/qemu$/,
    parameters: create,
    // "You need 'VM.Allocate' … 'Datastore.AllocateSpace' on any used storage … 'SDN.Use' on any used bridge/vlan."
    privileges: [
      ['/vms/{vmid}', 'VM.Allocate'],
      ...creating.map((what) => ['/vms/{vmid}', `VM.Config.${what}`] as const),
      ['/storage/{disks}', 'Datastore.AllocateSpace'],
      ['/sdn/zones/localnetwork/{bridge}', 'SDN.Use'],
    ],
  },
  {
    method: 'PUT',
    path: /^\/nodes\/(?<node>[\w-]+)\/qemu\/(?<vmid>[1-9]\d{2,8})\/resize$/,
    parameters: {
      disk: {
        required: true,
        pattern: /^(?:ide[0-3]|scsi(?:[12]?\d|30)|virtio(?:\d|1[0-5])|sata[0-5]|efidisk0|tpmstate0)$/,
      },
      size: { required: true, pattern: /^\+?\d+(?:\.\d+)?[KMGT]?$/ },
    },
    privileges: [['/vms/{vmid}', 'VM.Config.Disk']],
  },
  {
    method: 'GET',
    path: /^\/nodes\/(?<node>[\w-]+)\/qemu\/(?<vmid>[1-9]\d{2,8})\/status\/current$/,
    parameters: {},
    privileges: [['/vms/{vmid}', 'VM.Audit']],
  },
  {
    method: 'POST',
    path: /^\/nodes\/(?<node>[\w-]+)\/qemu\/(?<vmid>[1-9]\d{2,8})\/status\/start$/,
    parameters: { timeout: { pattern: /^\d+$/ } },
    privileges: [['/vms/{vmid}', 'VM.PowerMgmt']],
  },
];
