/** How QEMU runs guest code: the machine's own virtualisation, or software emulation. */
export type Accelerator = 'kvm' | 'tcg';
export const firmwares = ['bios', 'uefi'] as const;
export type Firmware = (typeof firmwares)[number];

/** A virtual machine that boots a medium and can reach nothing. */
export interface MachineSpec {
  accelerator: Accelerator;
  firmware: Firmware;
  /** Absolute path of the ISO. */
  medium: string;
  /** Absolute path of the data disk's raw image, or null to run from memory. */
  disk: string | null;
  /** MiB. */
  memory: number;
  cpus: number;
  /** Port on 127.0.0.1 that leads to the box's API. */
  apiPort: number;
  /** File the serial console is written to. */
  serialLog: string;
  /** Writable copy of OVMF's variables; only read with `uefi`. */
  firmwareVariables: string;
  /** Port of the API inside the guest. */
  guestApiPort: number;
}

/** OVMF's code image as Debian's ovmf package installs it. */
export const ovmf = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
} as const;

/**
 * QEMU's argument vector. `restrict=on` keeps every packet of the guest inside QEMU's user network;
 * only the one forwarded port on the loopback address leads in.
 */
export function qemuArguments(spec: MachineSpec): string[] {
  return [
    'qemu-system-x86_64',
    ...['-name', 'cpiab', '-machine', 'q35', '-nodefaults', '-no-user-config', '-display', 'none'],
    ...acceleratorArguments(spec.accelerator),
    ...['-smp', String(spec.cpus), '-m', String(spec.memory)],
    ...firmware(spec),
    ...['-chardev', `file,id=serial,path=${escaped(spec.serialLog)}`, '-serial', 'chardev:serial'],
    ...['-device', 'virtio-scsi-pci,id=scsi', '-device', 'scsi-cd,bus=scsi.0,drive=medium,bootindex=1'],
    ...['-drive', `if=none,id=medium,media=cdrom,readonly=on,format=raw,file=${escaped(spec.medium)}`],
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

function firmware(spec: MachineSpec): string[] {
  if (spec.firmware === 'bios') return [];
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${ovmf.code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${escaped(spec.firmwareVariables)}`],
  ];
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
