/** Empty file by which GRUB and the initramfs know this medium among others. */
export const markPath = (id: string) => `.disk/${id}`;

/**
 * Kernel parameters that every box boots with. Debian's list of security modules without `bpf`: with it,
 * systemd loads and attaches a BPF program first, which is 7 % of the instructions of an emulated boot.
 * `preempt=none` is the kernel's own choice for servers: fewer switches, a fifth off an emulated boot.
 */
const KERNEL = [
  'quiet',
  'preempt=none',
  'loglevel=3',
  'lsm=landlock,lockdown,yama,apparmor',
  'systemd.show_status=false',
  'console=tty0',
  'console=ttyS0,115200',
];

/**
 * The menu: one entry, started at once; the serial console shows it too.
 * @param id the medium's own name, which the initramfs looks for.
 */
export function grubConfig(id: string): string {
  return [
    'serial --unit=0 --speed=115200',
    'terminal_input console serial',
    'terminal_output console serial',
    'set timeout=0',
    "menuentry 'CPiaB' {",
    `  linux /live/vmlinuz cpiab.medium=${id} ${KERNEL.join(' ')}`,
    '  initrd /live/initrd.img',
    '}',
    '',
  ].join('\n');
}

/** What GRUB reads in the EFI system partition of an ISO: where the menu is. The signed one begins with it. */
export function efiGrubConfig(id: string): string {
  return [
    `search --file --set=root /${markPath(id)}`,
    'set prefix=($root)/boot/grub',
    'configfile $prefix/grub.cfg',
    '',
  ].join('\n');
}

/**
 * What GRUB reads in the EFI system partition of a disk, for both firmwares: which of the disk's slots
 * starts. It names the disk by where it was itself read from, so it is the same on every disk.
 */
export function diskGrubConfig(): string {
  return [
    `regexp --set=1:disk '^\\(([^,)]+)' "$prefix"`,
    'set root=$disk,gpt3',
    'configfile ($root)/boot/grub/grub.cfg',
    '',
  ].join('\n');
}
