import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Port {
  port: number;
  tls: boolean;
  /** Answers to the connection; else to the first bytes. */
  speaksFirst: boolean;
  /** Base64. */
  answer: string;
}

/** Starts a program of ours in a namespace; it is up when it has written a line. */
export async function startIn(namespace: string, script: string, ...args: string[]): Promise<ChildProcess> {
  const path = join(import.meta.dirname, script);
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

/** Ends it, and waits until it has. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.stdin?.end();
  await gone;
}

const bytes = (text: string | Buffer) => Buffer.from(text).toString('base64');
const page = (status: string, headers: string[], body: string) =>
  bytes([`HTTP/1.1 ${status}`, ...headers, 'Content-Type: text/html', '', body].join('\r\n'));

/** What programs of each kind answer, as their specifications or they themselves have it. */
export const servers = {
  ssh: { port: 22, tls: false, speaksFirst: true, answer: bytes('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n') },
  http: {
    ...{ port: 80, tls: false, speaksFirst: false },
    answer: page(
      '200 OK',
      ['Server: nginx/1.22'],
      '<html><head><title>A \u001b[31mprinter</title></head></html>',
    ),
  },
  // RFC 5531 section 9: the reply to a call is its number, 1, accepted, an empty verifier, success.
  nfs: {
    ...{ port: 2049, tls: false, speaksFirst: false },
    answer: bytes(Buffer.from(`80000018${'43504941'}${'00000001'}${'00000000'.repeat(4)}`, 'hex')),
  },
  proxmox: {
    ...{ port: 8006, tls: true, speaksFirst: false },
    answer: page(
      '200 OK',
      ['Server: pve-api-daemon/3.0'],
      '<title>pve1 - Proxmox Virtual Environment</title>',
    ),
  },
  synology: {
    ...{ port: 5000, tls: false, speaksFirst: false },
    answer: page('200 OK', ['Server: nginx'], '<title>vault - Synology DiskStation</title>'),
  },
  kubernetes: {
    ...{ port: 6443, tls: true, speaksFirst: false },
    answer: page('200 OK', ['Audit-Id: 1'], '{\n  "major": "1",\n  "gitVersion": "v1.36.3"\n}'),
  },
  /** Takes connections and says nothing that anybody knows. */
  riddle: { port: 445, tls: false, speaksFirst: true, answer: bytes('?') },
} as const satisfies Record<string, Port>;
