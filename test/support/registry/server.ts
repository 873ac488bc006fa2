import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { testCertificate } from './certificate.ts';
import { RegistryStorage } from './images.ts';
import type { TokenServer } from './token-server.ts';

interface RegistryRequest {
  /** Serve over TLS with a certificate of its own; plain HTTP else. */
  tls?: boolean;
  login?: { user: string; password: string };
  tokens?: TokenServer;
  /** Directory to serve; one of its own unless told. */
  storage?: string;
}

export interface TestRegistry {
  base: URL;
  /** PEM, with `tls`. */
  ca: string | undefined;
  storage: RegistryStorage;
  stop(): Promise<void>;
}

/** Starts Debian's docker-registry on a port of the loopback address. */
export async function startRegistry(directory: string, asked: RegistryRequest = {}): Promise<TestRegistry> {
  const port = await freePort();
  const storage = asked.storage ?? join(directory, 'storage');
  await mkdir(storage, { recursive: true });
  const ca = asked.tls ? (await testCertificate(directory)).certificate : undefined;
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: false } },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(asked.tls && { tls: { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') } }),
    },
    ...(asked.login && {
      auth: { htpasswd: { realm: 'test', path: await writeLogin(directory, asked.login) } },
    }),
    ...(asked.tokens && { auth: { token: asked.tokens.settings } }),
  };
  await writeFile(join(directory, 'registry.yml'), stringify(config));
  const process = spawn('docker-registry', ['serve', join(directory, 'registry.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  process.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  await listening(port, () => process.exitCode === null, said);
  return {
    base: new URL(`${asked.tls ? 'https' : 'http'}://127.0.0.1:${port}/`),
    ca,
    storage: new RegistryStorage(storage),
    stop: async () => {
      if (process.exitCode !== null || process.signalCode !== null) return;
      process.kill();
      await once(process, 'exit');
    },
  };
}

async function writeLogin(
  directory: string,
  { user, password }: { user: string; password: string },
): Promise<string> {
  const path = join(directory, 'htpasswd');
  const { stdout } = await run(['htpasswd', '-nbB', user, password]);
  await writeFile(path, stdout);
  return path;
}

async function listening(port: number, alive: () => boolean, said: Buffer[]): Promise<void> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  while (alive()) {
    // State 0A is LISTEN. Source: proc_pid_net(5).
    if (new RegExp(`0100007F:${hex} 00000000:0000 0A`).test(await readFile('/proc/net/tcp', 'utf8'))) return;
    await sleep(50);
  }
  throw new Error(`docker-registry ended: ${Buffer.concat(said).toString()}`);
}
