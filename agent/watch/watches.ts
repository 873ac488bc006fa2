import { join } from 'node:path';
import { persisted } from '../../contract/layout.ts';
import type { Board } from '../board.ts';
import { watchAddresses } from './addresses.ts';
import { watchClock } from './clock.ts';
import { watchMedium } from './medium.ts';
import { watchNfs } from './nfs.ts';
import { watchSpace } from './space.ts';
import { watchVolumes } from './volumes.ts';
import type { Watch } from './watch.ts';

/** What is looked at from power-on, what explains most coming first. docs/reference/failures.md */
export function watches(board: Board): Record<string, Watch> {
  const { paths, report } = board;
  const expires = () => {
    const seconds = board.peek('manifest')?.expires;
    return seconds === undefined ? null : seconds * 1000;
  };
  return {
    medium: watchMedium(paths.medium),
    space: watchSpace(paths, report.snapshot().box.state),
    clock: watchClock({
      ...{
        now: Date.now,
        expires,
        software: paths.site,
        newest: paths.clock,
        hardware: '/sys/class/rtc/rtc0/since_epoch',
      },
      authority: join(persisted.kubernetes, 'pki', 'ca.crt'),
    }),
    addresses: watchAddresses,
    nfs: watchNfs(() => board.peek('kube')),
    volumes: watchVolumes(() => board.peek('kube')),
  };
}
