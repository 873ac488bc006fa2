import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { type FileServer, startFileServer } from '../file-server.ts';
import { bareRepository, type GitServer, startGitServer } from '../git-server.ts';
import { chartArchive } from '../registry/charts.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { startTokenServer } from '../registry/token-server.ts';

const login = { user: 'alice', password: 'secret' };
/** Names that references have for the three registries. */
const hosts = ['docker.io', 'ghcr.io', 'quay.io'] as const;

/** What Git's own settings lead to the server of repositories: an address of the loopback network is in every box. */
const GIT_NAME = 'https://git.cpiab.dev/';

/** Published parts of every kind, and the servers that have them, all on the loopback address over TLS. */
export interface AllKinds {
  /** Reference → digest that its registry has it under. */
  images: Record<string, string>;
  charts: Record<string, string>;
  file: { url: string; content: Buffer };
  repository: { url: string; commit: string };
  /** `registries` and `servers` of a site; certificates are written below its repository. */
  settings: object;
  stop(): Promise<void>;
}

/**
 * Stand-ins for docker.io, ghcr.io and quay.io, each with a token server of its own (ghcr.io wants a login), a
 * server of files and one of Git repositories.
 * @param directory of the servers.
 * @param repository where the site's certificates are written.
 */
export async function startAllKinds(directory: string, repository: string): Promise<AllKinds> {
  const registries: TestRegistry[] = [];
  const stops: (() => Promise<void>)[] = [];
  for (const host of hosts) {
    await mkdir(join(directory, host));
    const tokens = await startTokenServer(join(directory, host), host === 'ghcr.io' ? { login } : {});
    const registry = await startRegistry(join(directory, host), { tls: true, tokens });
    registries.push(registry);
    stops.push(tokens.stop, registry.stop);
  }
  await Promise.all(['files', 'git'].map((name) => mkdir(join(directory, name))));
  const files = await startFileServer(join(directory, 'files'));
  const git = await startGitServer(join(directory, 'git'), { root: join(directory, 'git') });
  stops.push(files.stop, git.stop);
  await logIn(directory, registries[1]?.base.host ?? '');
  const rewritten = `[url "${git.base.href}"]\n\tinsteadOf = ${GIT_NAME}\n`;
  await writeFile(join(directory, 'gitconfig'), rewritten);
  const { commits } = await bareRepository(join(directory, 'git'), 'app.git');
  const content = Buffer.alloc(200_000, 'a tool');
  files.files.set('/tool', content);
  return {
    ...(await publish(registries)),
    file: { url: new URL('tool', files.base).href, content },
    repository: { url: `${GIT_NAME}app.git`, commit: commits[0] ?? '' },
    settings: await settingsOf(repository, registries, {
      [files.base.host]: files,
      [new URL(GIT_NAME).host]: git,
    }),
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
}

async function publish([docker, github, quay]: TestRegistry[]): Promise<Pick<AllKinds, 'images' | 'charts'>> {
  const layers = [await layer()];
  const one = await docker?.storage.put('library/app:1.0', {
    platforms: ['linux/arm64', 'linux/amd64'],
    layers,
  });
  const two = await github?.storage.put('team/app:v2', { layers, gzip: true });
  const three = await quay?.storage.put('team/app:3', { index: true, layers });
  const chart = await github?.storage.putChart('team/charts/web:1.2.3', await webChart());
  return {
    images: {
      'docker.io/library/app:1.0': one?.digest ?? '',
      'ghcr.io/team/app:v2': two?.digest ?? '',
      'quay.io/team/app:3': three?.digest ?? '',
    },
    charts: { 'ghcr.io/team/charts/web:1.2.3': chart ?? '' },
  };
}

/** Names an image in its values, one in a template, and one in a chart that lies in it. */
async function webChart(): Promise<Buffer> {
  const dependencies = [{ name: 'side', version: '1.2.3', repository: 'oci://ghcr.io/team/charts' }];
  const side = await chartArchive('side', {
    values: { image: { repository: 'ghcr.io/team/app', tag: 'v2' } },
  });
  return await chartArchive('web', {
    metadata: { appVersion: '1.0', dependencies },
    values: { image: { repository: 'app', tag: '' } },
    files: { 'charts/side-1.2.3.tgz': side, 'templates/job.yaml': 'image: quay.io/team/app:3\n' },
  });
}

/** The same at every run: the build cache outlives the test. */
async function layer(): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'hello', mtime: new Date(0) }, 'hello\n');
  archive.finalize();
  return await buffer(archive);
}

async function logIn(directory: string, host: string): Promise<void> {
  const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  await writeFile(join(directory, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
}

async function settingsOf(
  repository: string,
  registries: TestRegistry[],
  servers: Record<string, FileServer | GitServer>,
): Promise<object> {
  await mkdir(join(repository, 'config', 'ca'));
  const certificate = async (name: string, pem = '') => {
    const ca = `config/ca/${name}.pem`;
    await writeFile(join(repository, ca), pem);
    return ca;
  };
  const named = hosts.map(async (host, index) => {
    const { base, ca } = registries[index] as TestRegistry;
    return [host, { mirrors: [base.href], ca: await certificate(host, ca) }];
  });
  const others = Object.entries(servers).map(async ([host, { base, ca }]) => [
    host,
    { ca: await certificate(base.port, ca) },
  ]);
  return {
    registries: Object.fromEntries(await Promise.all(named)),
    servers: Object.fromEntries(await Promise.all(others)),
  };
}
