import { X509Certificate } from 'node:crypto';
import type { RegistryMaterial } from '../../contract/join-material.ts';
import { askPinned } from '../../host/pinned-https.ts';
import type { Shown } from '../join/store.ts';

const PATIENCE_MS = 2000;
/** Of one that does not answer. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Registries by the time that each takes to answer a member, those that do not answer last. */
export async function nearestFirst(
  registries: readonly RegistryMaterial[],
  shown: Shown,
  signal: AbortSignal,
): Promise<RegistryMaterial[]> {
  const asked = registries.map(async (registry) => ({ registry, ms: await timeTo(registry, shown, signal) }));
  return (await Promise.all(asked)).toSorted((a, b) => a.ms - b.ms).map(({ registry }) => registry);
}

/** Milliseconds of a question with all that a pull has too: connection, certificates, and the registry behind. */
async function timeTo(
  { address, certificate }: RegistryMaterial,
  identity: Shown,
  signal: AbortSignal,
): Promise<number> {
  const sha256 = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  const began = performance.now();
  const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const url = new URL(`https://${address}/v2/`);
  return await askPinned(url, { of: 'certificate', sha256 }, { identity, signal: within }).then(
    ({ status }) => (status === 200 ? performance.now() - began : NEVER),
    () => {
      signal.throwIfAborted();
      return NEVER;
    },
  );
}
