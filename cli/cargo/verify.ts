import { type CargoContent, checkContent, openContent } from '../../builder/cargo/content.ts';
import { checkChunks, type OpenCargo, openCargo } from '../../builder/cargo/open.ts';
import { tracked } from '../../contract/progress.ts';
import type { KeyIdentity } from '../../host/age/keys.ts';
import { type Expected, requireCurrent } from '../../host/cargo/papers.ts';
import type { Watched } from './seal.ts';

export interface CargoKeys {
  /** The sender's minisign public key; else one of this machine's sites. */
  senderKey?: string | undefined;
  /** What decrypts it; with none, what is in it is not looked at. */
  identities: readonly KeyIdentity[];
}

export interface VerifiedCargo {
  cargo: OpenCargo;
  /** Null without an identity. */
  content: CargoContent | null;
}

/**
 * Checks a cargo, default deny: signature, receiver, sequence and time, then every chunk as it lies there, and with an
 * identity that all of it decrypts to what the sender's box gave. Nothing is written.
 * @throws CpiabError E21xx with the first thing that is wrong.
 */
export async function verifyCargo(
  directory: string,
  { senderKey, identities }: CargoKeys,
  expected: Omit<Expected, 'now'>,
  { signal, progress }: Watched,
): Promise<VerifiedCargo> {
  const cargo = await openCargo(directory, senderKey);
  requireCurrent(directory, cargo.manifest, { ...expected, now: Date.now() });
  const total = cargo.manifest.chunks.reduce((sum, { size }) => sum + size, 0);
  const part = { id: 'verify', title: 'check every chunk', phase: 'check' as const, total };
  let bytes = 0;
  const onBytes = (more: number) => {
    bytes += more;
    progress({ type: 'progress', id: 'verify', bytes });
  };
  await tracked(progress, part, () => checkChunks(cargo, onBytes, signal));
  if (identities.length === 0) return { cargo, content: null };
  const content = await openContent(cargo, identities);
  const title = 'decrypt all of it';
  await tracked(progress, { id: 'decrypt', title, phase: 'check' }, () =>
    checkContent(content, (so) => {
      signal.throwIfAborted();
      progress({ type: 'progress', id: 'decrypt', bytes: so });
    }),
  );
  return { cargo, content };
}
