import { type OpenCargo, reopenCargo } from '../builder/cargo/open.ts';
import type { CargoReceiver } from '../contract/cargo.ts';
import { requireCurrent } from '../host/cargo/papers.ts';
import { parsePublicKey } from '../host/minisign.ts';
import type { Drill } from './drill.ts';
import { timeIn } from './netns/clock.ts';

/** Bank B's box, which has its key before anything is sealed for it, and who decrypts there. */
export async function receiverOf(drill: Drill): Promise<CargoReceiver> {
  const { age } = await drill.secrets();
  return { ...(await (await drill.box('b')).named()), recipient: age.recipient };
}

/** What has arrived in bank B: signed by the site, for its box, and in time. @throws CpiabError E2101, E2114, E2191, E2193, E2194. */
export async function arrived(drill: Drill): Promise<OpenCargo> {
  const cargo = await reopenCargo(drill.cargo('b'), parsePublicKey(drill.publicKey));
  requireCurrent(cargo.directory, cargo.manifest, {
    now: await timeIn(drill.world, 'b'),
    receiver: await receiverOf(drill),
    after: 0,
  });
  return cargo;
}
