import { type InstallMode, installArgument } from './install.ts';
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
 * What the kernel is told of a machine that QEMU makes: that its time stamp counter can be trusted. Emulated,
 * such a machine has no sign that says so, and Linux would read each time from the HPET, thirty times slower.
 * With KVM it changes nothing: the clock of the host goes first. Source: Linux, arch/x86/kernel/tsc.c.
 */
const CLOCK = [
  'smbios --type 1 --get-string 4 --set cpiab_maker',
  'set cpiab_clock=',
  'if [ "$cpiab_maker" = QEMU ]; then set cpiab_clock=tsc=reliable; fi',
];

/** On the kernel's command line of a start from a slot, so that a disc with the same bundle is not taken for it. */
export const slotArgument = 'cpiab.slot';

interface Entry {
  title: string;
  /** What the kernel's command line has besides what every start has. */
  words: string[];
}

/**
 * A slot's menu: one entry, started at once; the serial console shows it too. A kernel that GRUB can't
 * load makes the machine start again, which ends in the slot that works.
 * @param id the medium's own name, which the initramfs looks for.
 */
export function grubMenu(id: string): string {
  return menu(id, 0, [{ title: 'CPiaB', words: [slotArgument, `$${argumentVariable}`] }]);
}

/** Seconds that a person has to choose from an ISO's menu. */
const CHOICE_SECONDS = 3;

const isoEntries: Record<InstallMode, Entry> = {
  auto: { title: 'Install to the disk that fits', words: [`${installArgument}=auto`] },
  ask: { title: 'Install to a disk', words: [`${installArgument}=ask`] },
  never: { title: 'Run from this medium', words: [`${installArgument}=never`] },
};

/**
 * An ISO's menu: first what the site says about installing, then what else a person may want. Where the
 * site says nothing, the first entry doesn't either, so that the host of a virtual machine may.
 */
export function isoMenu(id: string, mode: InstallMode): string {
  const { auto, ask, never } = isoEntries;
  const entries: Record<InstallMode, Entry[]> = {
    auto: [auto, ask, never],
    ask: [ask, never],
    never: [{ ...never, words: [] }, ask],
  };
  return menu(id, CHOICE_SECONDS, entries[mode]);
}

function menu(id: string, timeout: number, entries: readonly Entry[]): string {
  return [
    'serial --unit=0 --speed=115200',
    'terminal_input console serial',
    'terminal_output console serial',
    `set timeout=${timeout}`,
    `set fallback=${entries.length}`,
    ...CLOCK,
    ...entries.flatMap(({ title, words }) => [
      `menuentry '${title}' {`,
      `  linux /live/vmlinuz ${[`cpiab.medium=${id}`, ...KERNEL, '$cpiab_clock', ...words].join(' ')}`,
      '  initrd /live/initrd.img',
      '}',
    ]),
    "menuentry 'Start again' {",
    '  reboot',
    '}',
    '',
  ].join('\n');
}
