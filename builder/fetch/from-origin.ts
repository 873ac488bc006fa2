import { type ProgressPart, tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { type Origin, openOrigin } from './origin.ts';

/** An open origin, and who is told of what comes from it. */
export interface Fetching {
  origin: Origin;
  /** Hears of bytes as they come. */
  onBytes: (count: number) => void;
  /** Hears how many bytes are still to come. */
  onMissing: (count: number) => void;
}

/** Fetches one kind of published parts as a part of the build, which is cached when no byte had to come. */
export async function fetchFromOrigin<Result>(
  part: ProgressPart,
  site: Site,
  host: BuildHost,
  work: (fetching: Fetching) => Promise<Result>,
): Promise<Result> {
  const origin = await openOrigin(site, host);
  let bytes = 0;
  let total: number | undefined;
  const onBytes = (count: number) => {
    bytes += count;
    host.progress({ type: 'progress', id: part.id, bytes, ...(total !== undefined && { total }) });
  };
  const onMissing = (count: number) => {
    total = bytes + count;
  };
  try {
    const done = () => ({ bytes, cached: bytes === 0 });
    return await tracked(host.progress, part, () => work({ origin, onBytes, onMissing }), done);
  } finally {
    await origin.close();
  }
}
