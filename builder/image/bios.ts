import type { RunTool } from './scratch-image.ts';

/** Debian's GRUB for BIOS, in the build root. */
export const biosGrub = '/usr/lib/grub/i386-pc';

/** Modules that show the menu, see what machine it is, and start what it names. */
const MENU_MODULES = [
  'normal',
  'configfile',
  'linux',
  'reboot',
  'serial',
  'smbios',
  'terminal',
  'test',
  'echo',
];

export interface BiosCore {
  format: 'i386-pc' | 'i386-pc-eltorito';
  /** Where it looks for the menu. */
  prefix: string;
  modules: readonly string[];
  /** Name in the scratch directory. */
  output: string;
}

/** What the core image carries: what finds the menu, before it can load any module, and what shows it. */
export const coreModules = (find: readonly string[]) => ['biosdisk', ...find, ...MENU_MODULES];

/** Makes the image of GRUB that a BIOS starts. */
export async function writeBiosCore(
  run: RunTool,
  { format, prefix, modules, output }: BiosCore,
): Promise<void> {
  await run([
    ...['grub-mkimage', '--directory', biosGrub, '--format', format, '--prefix', prefix],
    ...['--output', output, ...modules],
  ]);
}
