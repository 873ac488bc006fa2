import { text } from 'node:stream/consumers';
import { streamAtomic } from './files.ts';
import { openPinned } from './pinned-https.ts';

export interface PinnedDownload {
  url: URL;
  /** SHA-256 of the server's key (SPKI), hexadecimal. */
  fingerprint: string;
  /** PEM, with which this side says who it is. */
  identity: { cert: string; key: string };
}

const SILENCE_MS = 120_000;

/**
 * GET over TLS 1.3 into a file, which gets its name when it is whole. Nothing is sent before the pin matches.
 * @returns null, or the status and what the server said instead.
 * @throws PinMismatch, or the socket's error.
 */
export async function downloadPinned(
  { url, fingerprint, identity }: PinnedDownload,
  path: string,
  signal: AbortSignal,
): Promise<{ status: number; why: string } | null> {
  const pin = { of: 'key', sha256: fingerprint } as const;
  const { status, response } = await openPinned(url, pin, { identity, timeoutMs: SILENCE_MS, signal });
  if (status !== 200) return { status, why: (await text(response)).trim() };
  await streamAtomic(path, response, { mode: 0o600, signal });
  return null;
}
