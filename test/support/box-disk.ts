import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readChoice, type Slots, writeChoice } from '../../agent/slots/slots.ts';
import type { UpdaterOptions } from '../../agent/update/options.ts';
import { Updater } from '../../agent/update/updater.ts';
import { formatEnvironment, otherSlot, type SlotName, settled } from '../../contract/boot-slots.ts';
import { removeTree } from './remove-tree.ts';

const { signal } = new AbortController();

/** A box's disk as directories and files: two slots, GRUB's environment, the data. */
export interface BoxDisk {
  root: string;
  slots(running: SlotName): Slots;
  /** Starts the agent's part that changes versions. */
  open(running: SlotName, more?: Partial<UpdaterOptions>): Promise<Updater>;
  /** Times that a restart was asked for. */
  restarts: number;
}

/** A disk whose slot A holds a bundle. @param keys directory of `tinyBundle`. */
export async function makeDisk(root: string, bundle: string, keys: string): Promise<BoxDisk> {
  for (const folder of ['a', 'b', 'data']) await mkdir(join(root, folder), { recursive: true });
  await cp(bundle, join(root, 'a', 'bundle'), { recursive: true });
  await writeFile(join(root, 'grubenv'), formatEnvironment(settled('a')));
  return openDisk(root, keys);
}

/** A disk that is there already. */
export function openDisk(root: string, keys: string): BoxDisk {
  const disk: BoxDisk = {
    root,
    restarts: 0,
    slots: (running) => slotsOf(root, running),
    open: async (running, more = {}) =>
      await Updater.open(
        {
          slots: slotsOf(root, running),
          trust: {
            keyFile: join(keys, 'minisign.pub'),
            rotations: join(root, 'data', 'rotations'),
            site: 'harbour',
          },
          paths: {
            bundle: join(root, running, 'bundle'),
            updates: join(root, 'data', 'updates'),
            sequence: join(root, 'data', 'sequence'),
            rotations: join(root, 'data', 'rotations'),
          },
          tries: 3,
          wall: () => 0,
          restart: async () => {
            disk.restarts++;
          },
          tell: () => {},
          audit: () => undefined,
          stick: async () => ({ root: join(root, 'stick'), close: async () => {} }),
          ...more,
        },
        signal,
      ),
  };
  return disk;
}

function slotsOf(root: string, running: SlotName): Slots {
  const env = join(root, 'grubenv');
  const other = join(root, otherSlot(running));
  const opened = async () => ({ root: other, close: async () => {} });
  return {
    running,
    choice: () => readChoice(env, running),
    choose: (choice) => writeChoice(env, choice),
    emptyOther: async () => {
      await removeTree(other);
      await mkdir(other);
      return await opened();
    },
    readOther: opened,
  };
}
