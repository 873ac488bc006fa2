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

/** A virtual machine that boots a medium and can reach nothing. */
export interface MachineSpec {
  accelerator: Accelerator;
  firmware: Firmware;
  medium: Medium;
  /** Absolute path of the data disk's raw image, or null for none. */
  disk: string | null;
  /** MiB. */
  memory: number;
  cpus: number;
  /** Port on 127.0.0.1 that leads to the box's API. */
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
    ...['-netdev', `user,id=lan,restrict=on,hostfwd=tcp:127.0.0.1:${spec.apiPort}-:${spec.guestApiPort}`],
    ...['-device', 'virtio-net-pci,netdev=lan,romfile='],
    ...['-device', 'virtio-rng-pci'],
  ];
}

/**
 * What a real processor does fast and emulation does byte by byte: with `erms`, the kernel clears and
 * copies memory by single instructions, five times slower in emulation than without.
 */
const EMULATED = 'max,erms=off,avx2=off';

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

/** A comma in an option value is written twice. Source: qemu-system-x86_64(1). */
const escaped = (value: string) => value.replaceAll(',', ',,');
