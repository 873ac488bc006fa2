import type { ChildProcess } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { makeRequest } from '../../agent/pki/request.ts';

/** Who gives certificates to nodes. */
export interface Contender {
  name: string;
  /** All that happens before the time is taken. @param index tells nodes and their addresses apart. */
  newcomer(index: number): Promise<Newcomer>;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** Of its process. */
export interface Usage {
  /** The most that it ever had, bytes. */
  memory: number;
  /** Of all processors since its start. Unlike a rate, it is the same beside other work. */
  cpuMs: number;
}

export interface Newcomer {
  /** By a token that counts once. */
  enrol(): Promise<void>;
  /** By the certificate that it has. */
  renew(): Promise<void>;
}

/** PEM. */
export interface Identity {
  key: string;
  cert: string;
}

/** A node's key, and its request for a certificate: the same for all contenders. */
export function newKey(): { key: string; csr: Buffer } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { key, csr: makeRequest(privateKey) };
}

/** @returns the certificate. @throws Error when it is not of the node's key. */
export function expectOwn(certificate: string, key: string): string {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
    throw new Error('a certificate of another key');
  return certificate;
}

export interface Asked {
  port: number;
  index: number;
  method: 'GET' | 'POST';
  path: string;
  identity?: Identity;
  body?: object;
}

/** One request on a connection of its own, from an address of its own. @returns the JSON of the answer. */
export function ask({ port, index, method, path, identity, body }: Asked): Promise<unknown> {
  const sent = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-length': String(Buffer.byteLength(sent)) };
  const localAddress = `127.1.${index >> 8}.${index & 255}`;
  const how = { host: '127.0.0.1', port, localAddress, rejectUnauthorized: false, agent: false as const };
  return new Promise((resolve, reject) => {
    const asking = request({ ...how, ...identity, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
      });
    });
    asking.on('error', reject);
    asking.end(sent);
  });
}

/** Ticks of a second in /proc: USER_HZ, proc(5). */
const TICKS = 100;

export async function usageOf({ pid }: ChildProcess): Promise<Usage> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15; the name before them may have spaces.
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
  const cpuMs = (((user ?? 0) + (system ?? 0)) * 1000) / TICKS;
  return { memory: Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024, cpuMs };
}
