import { CpiabError, combined } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { lockedReferrers, lockedSignatures } from '../bundle/published.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import type { BlobContext } from '../registry/blob.ts';
import { type RemoteDescriptor, readImage } from '../registry/manifests.ts';
import { describeChart } from './charts.ts';
import { fetchFromOrigin } from './from-origin.ts';
import type { LockedPart, Origin } from './origin.ts';
import { describeImage } from './upstream.ts';

/** Parts that are copied at a time. */
const PARALLEL = 4;

type Attempt = (work: () => Promise<unknown>) => Promise<void>;
/** Brings all of one part, and goes on where a piece is missing. */
type Carry = (context: BlobContext, attempt: Attempt) => Promise<void>;

/**
 * Brings all published images, charts and files of the lock from the build's folder into the cache.
 * @throws CpiabError all that is wrong, as one: E3090 for each piece that neither has, E2103, E3091; what
 *   reading images and charts throws.
 */
export async function carryIn(site: Site, lock: Lock, host: BuildHost): Promise<void> {
  const { upstream, charts, files } = lock;
  const count = [upstream, beside(lock), charts, files].reduce((sum, { length }) => sum + length, 0);
  const part = { id: 'carried', title: `published parts (${count})` };
  const { cache, signal } = host;
  await fetchFromOrigin(part, site, host, async ({ origin, onBytes }) => {
    const carries = carriesOf(lock, origin, host);
    const errors = await inTurn(carries, { parallel: PARALLEL, signal }, async (carry, stop) => {
      const found: CpiabError[] = [];
      await carry({ cache, signal: stop, onBytes }, collecting(found));
      return found;
    });
    const [first, ...others] = errors.flat();
    if (first !== undefined) throw combined([first, ...others]);
  });
}

/** What lies beside images in their registries. */
const beside = ({ upstream }: Lock) => [...lockedSignatures(upstream), ...lockedReferrers(upstream)];

function carriesOf(lock: Lock, origin: Origin, { cache }: BuildHost): Carry[] {
  return [
    ...lock.upstream.map((locked) =>
      blobsOf(locked, origin, async () => {
        const { config, layers } = await describeImage(locked, origin);
        return [config, ...layers];
      }),
    ),
    ...beside(lock).map((part) =>
      blobsOf(part, origin, async () => {
        const { config, layers } = readImage(await origin.document(part, part.digest), part.reference);
        return [config, ...layers];
      }),
    ),
    ...lock.charts.map((locked) =>
      blobsOf(locked, origin, async () => {
        const { config, layers } = await describeChart(locked, origin, cache);
        return [config, ...layers];
      }),
    ),
    ...lock.files.map((locked): Carry => {
      return async (context, attempt) => await attempt(() => origin.file(locked, context));
    }),
  ];
}

function blobsOf(part: LockedPart, origin: Origin, describe: () => Promise<RemoteDescriptor[]>): Carry {
  return async (context, attempt) =>
    await attempt(async () => {
      for (const blob of await describe()) await attempt(() => origin.blob(part, blob, context));
    });
}

function collecting(found: CpiabError[]): Attempt {
  return async (work) => {
    await work().catch((error: unknown) => {
      if (!(error instanceof CpiabError)) throw error;
      found.push(error);
    });
  };
}
