import { argumentVariable, markPath, menuPath, trialArgument } from '../../contract/boot-menu.ts';
import { environmentFile, mostTries } from '../../contract/boot-slots.ts';

const startMenu = ['set prefix=($root)/boot/grub', 'configfile $prefix/grub.cfg', ''];

/** What GRUB reads in the EFI system partition of an ISO: where the menu is. The signed one begins with it. */
export function isoGrubConfig(id: string): string {
  return [`search --file --set=root /${markPath(id)}`, ...startMenu].join('\n');
}

/** Numbers of the partitions that hold the loader and the slots. Source: contract/disk-layout.ts. */
const [loader, slotA, slotB] = ['gpt2', 'gpt3', 'gpt4'];

/**
 * What GRUB reads in the EFI system partition of a disk, for both firmwares: which of the disk's slots
 * starts. It names the disk by where it was itself read from, so it is the same on every disk.
 *
 * A version on trial is started only when one try could be taken off it before: whatever becomes of it,
 * its tries come to an end. A slot without a menu is passed over.
 */
export function diskGrubConfig(): string {
  const tries = Array.from({ length: mostTries }, (_, left) => [left + 1, left]);
  return [
    `regexp --set=1:disk '^\\(([^,)]+)' "$prefix"`,
    `set env=($disk,${loader})/${environmentFile}`,
    ...['slot=a', 'trial=', 'tries=0', 'left=', `${argumentVariable}=`].map((value) => `set ${value}`),
    'load_env --file $env slot trial tries',
    ...tries.map(([now, left]) => `if [ "$tries" = ${now} ]; then set left=${left}; fi`),
    'if [ -n "$trial" -a -n "$left" ]; then',
    '  set tries=$left',
    '  if save_env --file $env slot trial tries; then',
    '    set slot=$trial',
    `    set ${argumentVariable}=${trialArgument}`,
    '  fi',
    'fi',
    `set first=${slotA}`,
    `set second=${slotB}`,
    `if [ "$slot" = b ]; then set first=${slotB}; set second=${slotA}; fi`,
    'set root=$disk,$first',
    `if [ ! -s ($root)/${menuPath} ]; then`,
    '  set root=$disk,$second',
    `  set ${argumentVariable}=`,
    'fi',
    `export ${argumentVariable}`,
    ...startMenu,
  ].join('\n');
}
