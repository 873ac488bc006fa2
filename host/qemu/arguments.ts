/** How QEMU runs guest code: the machine's own virtualisation, or software emulation. */
export type Accelerator = 'kvm' | 'tcg';
export const firmwares = ['bios', 'uefi', 'secure-boot'] as const;
export type Firmware = (typeof firmwares)[number];

/** What a machine boots: a disc, or a disk that keeps what is written to it only where that is wanted. */
export interface Medium {
  /** Absolute path. */
  path: string;
  format: 'iso' | 'raw' | 'qcow2';
  /** Whether what the box writes to a disk stays. */
  keep: boolean;
}

/** A network card, and the address that the guest gives itself on it; one that it asks for by DHCP unless told. */
export interface Card {
  mac?: string;
  /** Within a network, such as 192.0.2.7/24. */
  address?: string;
  gateway?: string;
}

/** A device of this machine's that is there already, and leads to a network. */
export interface Tap {
  name: string;
  /** Of the guest's card. */
  mac: string;
}

/** A wire to another virtual machine: datagrams between two ports of the loopback address, one for each end. */
export interface Segment {
  mac: string;
  ownPort: number;
  otherPort: number;
}

/** A virtual machine that boots a medium and can reach nothing. */
export interface MachineSpec {
  accelerator: Accelerator;
  firmware: Firmware;
  medium: Medium;
  /** Absolute path of the data disk's raw image, or null for none. */
  disk: string | null;
  /** Absolute path of a disc with the machine's seed, or null for none. */
  seed?: string | null;
  /** Socket of a TPM 2.0 in software (host/qemu/tpm.ts), or null for none. */
  tpm?: string | null;
  /** The machine's network card, where the seed names one. */
  card?: Card;
  /** A second card, on a wire to one other machine of this host. */
  segment?: Segment;
  /** The only card, in place of the one that leads to QEMU's own network. */
  tap?: Tap;
  /** MiB. */
  memory: number;
  cpus: number;
  /** Port on 127.0.0.1 that leads to the box's API; no card with a `tap` has it. */
  apiPort: number;
  /** File the serial console is written to. */
  serialLog: string;
  /** Writable copy of OVMF's variables; not read with `bios`. */
  firmwareVariables: string;
  /** Port of the API inside the guest. */
  guestApiPort: number;
  /** What the guest finds in the firmware's configuration, by name. */
  firmwareTexts?: Readonly<Record<string, string>>;
  /** What becomes of the machine when the guest starts it again; it does, unless told. */
  atRestart?: 'restart' | 'end';
}

/**
 * OVMF as Debian's ovmf package installs it. For Secure Boot: built with System Management Mode, which
 * guards the variables, and variables that hold Microsoft's keys as machines are sold with.
 */
export const ovmf: Record<Exclude<Firmware, 'bios'>, { code: string; variables: string }> = {
  uefi: { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  'secure-boot': {
    code: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd',
    variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
  },
};

/**
 * QEMU's argument vector. `restrict=on` keeps every packet of the guest inside QEMU's user network;
 * only the one forwarded port on the loopback address leads in.
 */
export function qemuArguments(spec: MachineSpec): string[] {
  return [
    'qemu-system-x86_64',
    ...['-name', 'cpiab', '-machine', spec.firmware === 'secure-boot' ? 'q35,smm=on' : 'q35'],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...acceleratorArguments(spec.accelerator),
    ...['-smp', String(spec.cpus), '-m', String(spec.memory)],
    ...firmware(spec),
    ...firmwareTexts(spec),
    ...['-chardev', `file,id=serial,path=${escaped(spec.serialLog)}`, '-serial', 'chardev:serial'],
    ...medium(spec.medium),
    ...dataDisk(spec.disk),
    ...seedDisc(spec.seed ?? null),
    ...tpm(spec.tpm ?? null),
    ...networkCard(spec),
    ...segmentCard(spec.segment),
    ...['-device', 'virtio-rng-pci'],
  ];
}

/**
 * What a real processor does fast and emulation does byte by byte: with `erms`, the kernel clears and
 * copies memory by single instructions, five times slower in emulation than without. With `la57` it walks
 * five levels of page tables instead of four. Without AVX2 there must be no AVX either: QEMU 7.2 then takes
 * instructions for illegal that programs use by what AVX promises, such as qBittorrent.
 */
const EMULATED = 'max,erms=off,avx=off,avx2=off,la57=off';

/** The processor that guest code runs on. */
export function acceleratorArguments(kind: Accelerator): string[] {
  return kind === 'kvm'
    ? ['-accel', 'kvm', '-cpu', 'host']
    : ['-accel', 'tcg,thread=multi', '-cpu', EMULATED];
}

function medium({ path, format, keep }: Medium): string[] {
  const controller = ['-device', 'virtio-scsi-pci,id=scsi'];
  const drive = `if=none,id=medium,file=${escaped(path)}`;
  if (format === 'iso') {
    const device = ['-device', 'scsi-cd,bus=scsi.0,drive=medium,bootindex=1'];
    return [...controller, ...device, '-drive', `${drive},media=cdrom,readonly=on,format=raw`];
  }
  const device = ['-device', 'scsi-hd,bus=scsi.0,drive=medium,bootindex=1'];
  return [...controller, ...device, '-drive', `${drive},format=${format},snapshot=${keep ? 'off' : 'on'}`];
}

function firmware(spec: MachineSpec): string[] {
  if (spec.firmware === 'bios') return [];
  // Only code in System Management Mode may write the variables, or anybody could add a key.
  const guarded = ['-global', 'driver=cfi.pflash01,property=secure,value=on'];
  return [
    ...(spec.firmware === 'secure-boot' ? guarded : []),
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${ovmf[spec.firmware].code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${escaped(spec.firmwareVariables)}`],
  ];
}

/** Source: QEMU, docs/specs/fw_cfg.rst: names below `opt/` are for users. */
function firmwareTexts({ firmwareTexts: texts = {}, atRestart }: MachineSpec): string[] {
  const given = Object.entries(texts).flatMap(([name, text]) => [
    '-fw_cfg',
    `name=${name},string=${escaped(text)}`,
  ]);
  return [...given, ...(atRestart === 'end' ? ['-no-reboot'] : [])];
}

function dataDisk(path: string | null): string[] {
  if (path === null) return [];
  return [
    ...['-drive', `if=none,id=data,format=raw,cache=writeback,discard=unmap,file=${escaped(path)}`],
    ...['-device', 'virtio-blk-pci,drive=data,serial=cpiab-data'],
  ];
}

function seedDisc(path: string | null): string[] {
  if (path === null) return [];
  const drive = `if=none,id=seed,file=${escaped(path)},media=cdrom,readonly=on,format=raw`;
  return ['-drive', drive, '-device', 'scsi-cd,bus=scsi.0,drive=seed'];
}

/** Source: QEMU, docs/specs/tpm.rst. */
function tpm(socket: string | null): string[] {
  if (socket === null) return [];
  const channel = ['-chardev', `socket,id=tpm,path=${escaped(socket)}`];
  return [...channel, '-tpmdev', 'emulator,id=tpm0,chardev=tpm', '-device', 'tpm-tis,tpmdev=tpm0'];
}

/** QEMU's own network stands where the guest's address belongs, and leads to that. */
function networkCard({ card = {}, tap, apiPort, guestApiPort }: MachineSpec): string[] {
  if (tap !== undefined) {
    const device = `tap,id=lan,ifname=${tap.name},script=no,downscript=no`;
    return ['-netdev', device, '-device', `virtio-net-pci,netdev=lan,romfile=,mac=${tap.mac}`];
  }
  const { mac, address, gateway } = card;
  const place =
    address === undefined ? '' : `,net=${address}${gateway === undefined ? '' : `,host=${gateway}`}`;
  const to = address?.split('/')[0] ?? '';
  const lan = `user,id=lan,restrict=on${place},hostfwd=tcp:127.0.0.1:${apiPort}-${to}:${guestApiPort}`;
  const device = `virtio-net-pci,netdev=lan,romfile=${mac === undefined ? '' : `,mac=${mac}`}`;
  return ['-netdev', lan, '-device', device];
}

/** Source: qemu-system-x86_64(1), `-netdev dgram`. */
export function segmentCard(segment: Segment | undefined): string[] {
  if (segment === undefined) return [];
  const { mac, ownPort, otherPort } = segment;
  const end = (side: string, port: number) => `${side}.type=inet,${side}.host=127.0.0.1,${side}.port=${port}`;
  const wire = `dgram,id=segment,${end('local', ownPort)},${end('remote', otherPort)}`;
  return ['-netdev', wire, '-device', `virtio-net-pci,netdev=segment,romfile=,mac=${mac}`];
}

/** A comma in an option value is written twice. Source: qemu-system-x86_64(1). */
const escaped = (value: string) => value.replaceAll(',', ',,');
