import { CpiabError } from '../../contract/errors.ts';
import type { Board } from '../board.ts';
import type { Joining } from './joining.ts';

/** What etcd has acknowledged must outlive the machine's power. @throws CpiabError E5514. */
export function expectDisk({ report }: Pick<Board, 'report'>, { name, role }: Joining): void {
  if (role === 'control-plane' && report.snapshot().box.state !== 'disk')
    throw new CpiabError('E5514', { subject: name, args: ['its state is in memory, not on a disk'] });
}

/** The other members of etcd know it by its address. @param own where it is now. @throws CpiabError E5514. */
export async function expectAddress({ name, store }: Joining, own: string): Promise<void> {
  const address = (await store.cluster())?.address ?? own;
  if (address !== own)
    throw new CpiabError('E5514', { subject: name, args: [`it joined at ${address}, and is at ${own} now`] });
}
