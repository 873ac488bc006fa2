import { constants, existsSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { run } from '../../host/process.ts';
import { serialConsoles } from '../console/device.ts';
import { contentOf } from './content.ts';
import { listDisks } from './disks.ts';
import type { Machine } from './installer.ts';
import { type Ask, linesOf } from './question.ts';

/** The machine that this program runs on. */
export function thisMachine(signal: AbortSignal): Machine {
  let lines: Ask | undefined;
  return {
    disks: async (stop) => {
      const disks = await listDisks(stop);
      return await Promise.all(
        disks.map(async (disk) => ({ ...disk, content: await contentOf(disk.path, disk.size, stop) })),
      );
    },
    ask: () => {
      lines ??= linesOf(keyboards(), signal);
      return lines();
    },
    restart: async (stop) => {
      // Without waiting for units: nothing runs that would have to end well. systemd ends this process in its turn.
      await run(['systemctl', 'reboot', '--force'], { signal: stop });
      await new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason)));
    },
  };
}

/** The first screen's keyboard and what is typed at serial lines; tests give other terminals. */
export function keyboards(paths: readonly string[] = ['/dev/tty1', ...serialConsoles()]): Readable[] {
  const there = paths.filter((path) => existsSync(path));
  return there.flatMap((path) => {
    try {
      return new ReadStream(openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK));
    } catch {
      // A port without hardware behind it.
      return [];
    }
  });
}
