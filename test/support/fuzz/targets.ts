import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { z } from 'zod';
import { clientOf } from '../../../agent/api/client-address.ts';
import { decode } from '../../../agent/discover/mdns/decode.ts';
import { encodeQueries } from '../../../agent/discover/mdns/query.ts';
import { Speakers } from '../../../agent/discover/mdns/speakers.ts';
import { probes } from '../../../agent/discover/probe/probes.ts';
import { checkRequest, keyIn } from '../../../agent/pki/request.ts';
import { kubeletSubject } from '../../../agent/pki/subject.ts';
import { readCgiHead } from '../../../agent/serve/git/cgi.ts';
import { formatEnvironment, parseEnvironment } from '../../../contract/boot-slots.ts';
import { ChunkIndexSchema } from '../../../contract/chunk-index.ts';
import { DeltaSchema } from '../../../contract/delta.ts';
import { checkYaml } from '../../../contract/document/check-yaml.ts';
import { parseDocument } from '../../../contract/document/signed-document.ts';
import { CpiabError } from '../../../contract/errors.ts';
import { LockSchema } from '../../../contract/lock.ts';
import { ManifestSchema } from '../../../contract/manifest.ts';
import { SeedSchema } from '../../../contract/seed.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { parsePublicKey, parseSignature } from '../../../host/minisign.ts';
import { servers } from '../discover/host.ts';
import { announcement } from '../discover/records.ts';
import { httpTarget } from './http.ts';
import type { Target } from './target.ts';

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

const seed = `apiVersion: cpiab.dev/v1
kind: Seed
hostname: rack-7
network: { interface: { mac: 52:54:00:12:34:56 }, addresses: [192.0.2.7/24], gateway: 192.0.2.1, vlan: 3 }
install: { mode: auto, disk: { minSize: 100GB } }
`;

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

const yaml = (schema: z.ZodType) => (bytes: Buffer) => checkYaml(bytes.toString('utf8'), schema, 'fuzz.yaml');

/** For the node `worker-1`. */
const request =
  'MIHxMIGYAgEAMDYxFTATBgNVBAoTDHN5c3RlbTpub2RlczEdMBsGA1UEAxMUc3lzdGVtOm5vZGU6d29ya2VyLTEwWTAT' +
  'BgcqhkjOPQIBBggqhkjOPQMBBwNCAASYMfdu27p4c49z+18JBwC685clbbgAsbGodcEzO/IMXxZzKqY3I1XFH+jrXLsF' +
  'N0l/aV4XnkB90+XBLw1RY6NhoAAwCgYIKoZIzj0EAwIDSAAwRQIhALCf/ApUmD+b9zsrp98V52oNx3eehBkkyJK7Mw73' +
  '/QaiAiAYQkXUyZEzoGIb4QmOj+nBkVHjXSJaEAbzzeZQdm2WmA==';

/** What came of a program's head: it says itself when it is none. */
async function cgi(bytes: Buffer): Promise<void> {
  await readCgiHead(Readable.from([bytes])).catch((error: Error) => {
    if (!/^the program gave/.test(error.message)) throw error;
  });
}

/** A message of anybody on the link: what is kept of it must be fit to be asked for and told. */
function mdns(bytes: Buffer): void {
  decode(bytes);
  const speakers = new Speakers(() => 0);
  speakers.hear('eth0', '10.0.0.7', bytes);
  encodeQueries(speakers.questions('eth0'));
  JSON.stringify(speakers.sightings(0));
}

/** What a machine with a token asks kubelet's certificate by. */
function certificateRequest(der: Buffer): void {
  keyIn(der);
  checkRequest(der, kubeletSubject('worker-2'));
}

/** An answer to any probe. */
function firstAnswer(bytes: Buffer): void {
  for (const { recognise } of probes) recognise(bytes);
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
    http: httpTarget(),
    site: { seeds: [await readFile(join(config, 'lab.yaml'))], run: yaml(SiteSchema) },
    seed: { seeds: [Buffer.from(seed)], run: yaml(SeedSchema) },
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
    'certificate-request': { seeds: [Buffer.from(request, 'base64')], run: certificateRequest },
    mdns: { seeds: [announcement('nas', 'nfs', 2049, '10.0.0.7')], run: mdns },
    probe: {
      seeds: Object.values(servers).map(({ answer }) => Buffer.from(answer, 'base64')),
      run: firstAnswer,
    },
    address: {
      seeds: [Buffer.from('2001:db8::1%eth0'), Buffer.from('::ffff:192.0.2.1')],
      run: (bytes) => clientOf(bytes.toString('latin1')),
    },
  };
}

/** Whether an error is how a parser says no. */
export const isRefusal = (error: unknown) => error instanceof CpiabError;
