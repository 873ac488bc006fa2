import { type Digest, hexOf } from './manifest.ts';

/** A name of its own for each bundle, so that of two media in one machine the one that GRUB chose is found again. */
export const mediumId = (manifest: Digest) => `cpiab-${hexOf(manifest).slice(0, 16)}`;

/** Empty file by which GRUB and the initramfs know a medium among others. */
export const markPath = (id: string) => `.disk/${id}`;

/** Where GRUB reads a medium's menu. */
export const menuPath = 'boot/grub/grub.cfg';

/** On the kernel's command line of a version that still has to show that it works. */
export const trialArgument = 'cpiab.trial';

/** GRUB's variable for what the boot loader adds to the kernel's command line. */
export const argumentVariable = 'cpiab_arguments';

/**
 * Kernel parameters that every box boots with. Debian's list of security modules without `bpf`: with it,
 * systemd loads and attaches a BPF program first, which is 7 % of the instructions of an emulated boot.
 * `preempt=none` is the kernel's own choice for servers: fewer switches, a fifth off an emulated boot.
 * After a panic the machine starts again: nobody stands beside it.
 */
const KERNEL = [
  'quiet',
  'preempt=none',
  'loglevel=3',
  'panic=10',
  'lsm=landlock,lockdown,yama,apparmor',
  'systemd.show_status=false',
  'console=tty0',
  'console=ttyS0,115200',
];

/**
 * A medium's menu: one entry, started at once; the serial console shows it too. A kernel that GRUB can't
 * load makes the machine start again, which on a disk ends in the slot that works.
 * @param id the medium's own name, which the initramfs looks for.
 */
export function grubMenu(id: string): string {
  return [
    'serial --unit=0 --speed=115200',
    'terminal_input console serial',
    'terminal_output console serial',
    'set timeout=0',
    'set fallback=1',
    "menuentry 'CPiaB' {",
    `  linux /live/vmlinuz cpiab.medium=${id} ${KERNEL.join(' ')} $${argumentVariable}`,
    '  initrd /live/initrd.img',
    '}',
    "menuentry 'Start again' {",
    '  reboot',
    '}',
    '',
  ].join('\n');
}
