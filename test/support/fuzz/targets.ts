import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { z } from 'zod';
import { clientOf } from '../../../agent/api/client-address.ts';
import { readCgiHead } from '../../../agent/serve/git/cgi.ts';
import { formatEnvironment, parseEnvironment } from '../../../contract/boot-slots.ts';
import { ChunkIndexSchema } from '../../../contract/chunk-index.ts';
import { DeltaSchema } from '../../../contract/delta.ts';
import { mistakesOf } from '../../../contract/document/mistakes.ts';
import { parseYaml } from '../../../contract/document/parse-yaml.ts';
import { parseDocument } from '../../../contract/document/signed-document.ts';
import { CpiabError } from '../../../contract/errors.ts';
import { LockSchema } from '../../../contract/lock.ts';
import { ManifestSchema } from '../../../contract/manifest.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { parsePublicKey, parseSignature } from '../../../host/minisign.ts';

/** One parser: what it is given changed copies of. What it throws besides a CpiabError is a failure. */
export interface Target {
  seeds: Buffer[];
  run(bytes: Buffer): unknown;
}

const repository = resolve(import.meta.dirname, '../../..');
const digest = `sha256:${'a'.repeat(64)}`;
const signature = [
  'untrusted comment: signature from minisign secret key',
  Buffer.concat([Buffer.from('ED'), Buffer.alloc(72, 7)]).toString('base64'),
  'trusted comment: timestamp:1\tfile:manifest.json',
  Buffer.alloc(64, 9).toString('base64'),
  '',
].join('\n');
const key = `untrusted comment: minisign public key\n${Buffer.concat([Buffer.from('Ed'), Buffer.alloc(40, 7)]).toString('base64')}\n`;

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const signed = (schema: z.ZodType) => (bytes: Buffer) => parseDocument(schema, bytes, 'fuzz', 'a document');

/** Minisign's own errors have no code: its callers give them one. */
function minisign(bytes: Buffer): void {
  for (const parse of [parseSignature, parsePublicKey])
    try {
      parse(bytes.toString('utf8'));
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error;
    }
}

function site(bytes: Buffer): void {
  const { value } = parseYaml(bytes.toString('utf8'), 'site.yaml');
  const parsed = SiteSchema.safeParse(value);
  if (!parsed.success) mistakesOf(SiteSchema, value, parsed.error.issues);
}

/** What came of a program's head: it says itself when it is none. */
async function cgi(bytes: Buffer): Promise<void> {
  await readCgiHead(Readable.from([bytes])).catch((error: Error) => {
    if (!/^the program gave/.test(error.message)) throw error;
  });
}

/** All parsers by name. */
export async function targets(): Promise<Record<string, Target>> {
  const config = join(repository, 'config', 'clusters');
  const lock = await readFile(join(config, 'lab.lock.json'));
  const small = lock.subarray(0, 4096);
  const blob = { digest, size: 1, role: 'image', why: 'x' };
  const manifest = { apiVersion: 'cpiab.dev/v1', kind: 'Manifest', site: 'lab', sequence: 1, blobs: [blob] };
  const index = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'ChunkIndex',
    medium: 'a.iso',
    size: 1,
    chunks: ['a'.repeat(64)],
  };
  return {
    site: { seeds: [await readFile(join(config, 'lab.yaml'))], run: site },
    lock: { seeds: [small, json({ ...JSON.parse(lock.toString()), debian: {} })], run: signed(LockSchema) },
    manifest: { seeds: [json(manifest)], run: signed(ManifestSchema) },
    signature: { seeds: [Buffer.from(signature), Buffer.from(key)], run: minisign },
    'chunk-index': { seeds: [json(index)], run: signed(ChunkIndexSchema) },
    delta: {
      seeds: [json({ apiVersion: 'cpiab.dev/v1', kind: 'Delta', base: digest, blobs: [blob] })],
      run: signed(DeltaSchema),
    },
    grubenv: {
      seeds: [Buffer.from(formatEnvironment({ slot: 'a', trial: 'b', tries: 1 }))],
      run: (bytes) => parseEnvironment(bytes.toString('latin1').padEnd(1024, '#').slice(0, 1024)),
    },
    cgi: { seeds: [Buffer.from('Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nbody')], run: cgi },
    address: {
      seeds: [Buffer.from('2001:db8::1%eth0'), Buffer.from('::ffff:192.0.2.1')],
      run: (bytes) => clientOf(bytes.toString('latin1')),
    },
  };
}

/** Whether an error is how a parser says no. */
export const isRefusal = (error: unknown) => error instanceof CpiabError;
