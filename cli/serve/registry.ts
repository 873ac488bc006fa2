import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { CpiabError } from '../../contract/errors.ts';
import { ProcessError, run } from '../../host/process.ts';

export interface RegistryOptions {
  /** Absolute path of a bundle directory: its registry view is the storage. */
  storage: string;
  /** `<address>:<port>`. */
  listen: string;
  /** Absolute paths in PEM, or null for plain HTTP. */
  tls: { certificate: string; key: string } | null;
}

/** How often a registry that starts is looked for. */
const LOOK_MS = 20;

/**
 * Serves a bundle's images by CNCF distribution, read-only, until aborted.
 * @param ready called once it answers.
 * @throws CpiabError E4020 when it can't listen or ends by itself.
 */
export async function serveRegistry(
  { storage, listen, tls }: RegistryOptions,
  signal: AbortSignal,
  ready: () => void,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-serve-'));
  const config = join(directory, 'registry.yml');
  const done = new AbortController();
  try {
    if (await accepts(listen))
      throw new CpiabError('E4020', { subject: listen, args: ['the address is in use'] });
    await writeFile(config, stringify(configuration(storage, listen, tls)));
    const registry = run(['docker-registry', 'serve', config], { signal }).finally(() => done.abort());
    await Promise.race([registry, listening(listen, done.signal).then(ready)]);
    await registry;
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    const why = /msg="(?<why>[^"]+)"/.exec(error.stderr)?.groups?.['why'] ?? error.message;
    throw new CpiabError('E4020', { subject: listen, args: [why], cause: error });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Source: CNCF distribution, docs/content/about/configuration.md. */
function configuration(storage: string, listen: string, tls: RegistryOptions['tls']) {
  return {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      maintenance: { readonly: { enabled: true }, uploadpurging: { enabled: false } },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: { addr: listen, ...(tls && { tls: { certificate: tls.certificate, key: tls.key } }) },
  };
}

/** Waits until something accepts connections; settles without when aborted. */
async function listening(listen: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (await accepts(listen)) return;
    await sleep(LOOK_MS);
  }
  throw signal.reason;
}

function accepts(listen: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${listen}`);
  // An address that means all of this machine's is none to connect to.
  const host = hostname.replaceAll(/[[\]]/g, '').replace(/^(?:0\.0\.0\.0|::)$/, 'localhost');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
