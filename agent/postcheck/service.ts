import { KubeError } from '../kube/client.ts';
import { until } from '../until.ts';
import type { Look } from './look.ts';

interface Place {
  namespace: string;
  service: string;
  port: number;
}

/** Path by which the API server passes a request on to a Service. */
export const proxied = ({ namespace, service, port }: Place, path: string) =>
  `/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy${path}`;

export async function isThere({ namespace, service }: Place, { kube, signal }: Look): Promise<boolean> {
  try {
    await kube.get(`/api/v1/namespaces/${namespace}/services/${service}`, signal);
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return false;
    throw error;
  }
}

/** Asks until it is as wanted, or the time is over. @returns what was there last. */
export async function settled<Found>(
  find: () => Promise<Found>,
  isWanted: (found: Found) => boolean,
  limitMs: number,
  signal: AbortSignal,
): Promise<Found> {
  const patience = AbortSignal.timeout(limitMs);
  let found = await find();
  await until(async () => {
    if (patience.aborted || isWanted(found)) return true;
    found = await find();
    return false;
  }, signal);
  return found;
}
