import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { messageOf } from '../../contract/message-of.ts';
import { redact } from '../../contract/redact.ts';
import { type SupportManifest, supportLimits, supportManifest } from '../../contract/support.ts';
import type { Seal } from '../seal.ts';
import { type SupportPart, type SupportSources, supportParts } from './parts.ts';

export interface SupportOptions {
  sources: SupportSources;
  seal: Seal;
  /** The box's clock. */
  now: Date;
  parts?: readonly SupportPart[];
}

/**
 * Writes a support bundle: a tar of what the box can tell of itself, one part in memory at a time, then
 * a manifest of their SHA-256 with the box's signature. A part that can't be had is named with the reason.
 */
export async function writeSupportBundle(
  { sources, seal, now, parts = supportParts }: SupportOptions,
  output: Writable,
  signal: AbortSignal,
): Promise<void> {
  const tar = pack();
  const sent = pipeline(tar, createZstdCompress(), output, { signal });
  const files: SupportManifest['files'] = [];
  const missing: SupportManifest['missing'] = [];
  const fill = async () => {
    for (const part of parts) {
      const had = await textOf(part, sources, signal);
      if ('why' in had) missing.push({ name: part.name, why: had.why });
      else files.push(await add(tar, part.name, had.bytes, now));
    }
    const { box } = sources.report.snapshot();
    const manifest = manifestOf(
      { box: box.id, site: box.site, made: now.toISOString(), files, missing },
      seal,
    );
    await add(tar, supportManifest, manifest, now);
    const signature = seal.minisign(manifest, `support bundle of box ${box.id}`);
    await add(tar, `${supportManifest}.minisig`, Buffer.from(signature), now);
    tar.finalize();
  };
  // What ends the sending ends the filling: nobody would take what it makes.
  await Promise.all([fill(), sent]);
}

async function textOf(
  part: SupportPart,
  sources: SupportSources,
  signal: AbortSignal,
): Promise<{ bytes: Buffer } | { why: string }> {
  try {
    const text = await part.text(sources, signal);
    if (text === undefined) return { why: 'the box has not started this yet' };
    const bytes = Buffer.from(text);
    // Of a log that is too long the end counts.
    return { bytes: bytes.subarray(Math.max(0, bytes.length - supportLimits.file)) };
  } catch (error) {
    signal.throwIfAborted();
    return { why: redact(messageOf(error)) };
  }
}

function manifestOf(
  what: Pick<SupportManifest, 'box' | 'site' | 'made' | 'files' | 'missing'>,
  seal: Seal,
): Buffer {
  const manifest: SupportManifest = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'SupportManifest',
    ...what,
    seal: seal.document,
  };
  return Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
}

function add(tar: Pack, name: string, bytes: Buffer, mtime: Date): Promise<SupportManifest['files'][number]> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return new Promise((resolve, reject) => {
    tar.entry({ name, mtime, mode: 0o600 }, bytes, (error) => {
      if (error) reject(error);
      else resolve({ name, size: bytes.length, sha256 });
    });
  });
}
