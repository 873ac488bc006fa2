import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { parse, stringify } from 'yaml';
import { readWorkTree } from '../../builder/check/work-tree.ts';
import { readSite } from '../../builder/config/read-site.ts';
import { readBundleSets } from '../../builder/fetch/recipes.ts';
import { isReference, readReference } from '../../builder/lock/upstream.ts';
import { run } from '../../host/process.ts';
import { containersOf, podSpecs } from '../../policy/rules/pod-specs.ts';
import { readWorld } from '../../policy/world/read-world.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { answersOf, standInLayer } from './stand-in.ts';

/** Does with site homelab what its owner does, with stand-ins for the published images. Keeps what it made. */
const here = dirname(dirname(import.meta.dirname));
const SITE = 'homelab';
const steps = ['lock', 'secrets', 'close', 'build'] as const;
const { values } = parseArgs({
  options: { out: { type: 'string' }, until: { type: 'string', default: 'build' } },
});
const last = (steps as readonly string[]).indexOf(values.until);
if (values.out === undefined || last === -1) {
  process.stderr.write(`usage: npm run rehearse -- --out DIR [--until ${steps.join('|')}]\n`);
  process.exit(2);
}
const out = resolve(values.out);
const repository = join(out, 'repository');
/** Who ends it, ends its registries too, and who no longer reads what it says. */
const stopped = new AbortController();
const { signal } = stopped;
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());
process.stdout.on('error', () => stopped.abort());
const registries = new Map<string, TestRegistry>();

async function cpiab(...args: string[]): Promise<void> {
  const env = { XDG_CONFIG_HOME: join(out, 'config'), DOCKER_CONFIG: join(out, 'config'), CI: 'true' };
  process.stdout.write(`$ cpiab ${args.join(' ')}\n`);
  const onLine = (line: string) => process.stdout.write(`${line}\n`);
  await run([process.execPath, join(repository, 'cli', 'main.ts'), ...args], {
    cwd: repository,
    env,
    onLine,
    signal,
  });
}

const git = async (...args: string[]) =>
  await run([
    'git',
    '-C',
    repository,
    '-c',
    'user.name=rehearsal',
    '-c',
    'user.email=rehearsal@example.org',
    ...args,
  ]);

/** The static BusyBox of this machine's Debian. */
async function busybox(): Promise<Buffer> {
  const folder = join(out, 'busybox');
  await mkdir(folder, { recursive: true });
  await run(['apt-get', 'download', 'busybox-static'], { cwd: folder });
  const [name = ''] = await readdir(folder);
  await run(['dpkg-deb', '-x', name, '.'], { cwd: folder });
  const paths = ['usr/bin/busybox', 'bin/busybox'].map((path) => join(folder, path));
  return await Promise.any(paths.map(async (path) => await readFile(path)));
}

/** A registry over TLS for each that the site takes images from, with a stand-in for each image. */
async function publish(): Promise<void> {
  const { images } = await readBundleSets(repository, await readSite(repository, SITE));
  const world = await readWorld(await readWorkTree(repository, signal), SITE);
  const containers = world.objects.flatMap(podSpecs).flatMap(containersOf);
  const program = await busybox();
  for (const image of images.filter(isReference)) {
    const { host, repository: name, tag } = readReference(image);
    const registry = registries.get(host) ?? (await open(host));
    registries.set(host, registry);
    const answers = answersOf(containers.filter(({ content }) => content['image'] === image));
    await registry.storage.put(`${name}:${tag}`, {
      platforms: ['linux/amd64', 'linux/arm64'],
      layers: [await standInLayer(answers, program)],
      gzip: true,
      config: { Labels: { 'dev.cpiab.rehearsal': SITE }, Entrypoint: ['/stand-in'], Env: ['PATH=/bin'] },
    });
    process.stdout.write(`${image} answers ${answers.paths.join(', ')} at ${answers.ports.join(', ')}\n`);
  }
}

async function open(host: string): Promise<TestRegistry> {
  await mkdir(join(out, 'registries', host), { recursive: true });
  return await startRegistry(join(out, 'registries', host), { tls: true });
}

/** Makes the copy of the site a rehearsal, whose registries are those. */
async function pointAt(): Promise<void> {
  const path = join(repository, 'config/clusters', `${SITE}.yaml`);
  const mirrors: [string, object][] = [];
  for (const [host, { base, ca }] of registries) {
    await writeFile(join(repository, `${host}.pem`), ca ?? '');
    mirrors.push([host, { mirrors: [base.href], ca: `${host}.pem` }]);
  }
  const site: unknown = parse(await readFile(path, 'utf8'));
  const changed = {
    ...(site as object),
    rehearsal: true,
    media: ['iso'],
    registries: Object.fromEntries(mirrors),
  };
  await writeFile(path, stringify(changed));
}

/** Random values for what the apps ask for. */
async function fillIn(): Promise<void> {
  const path = join(repository, 'config/env', `${SITE}.env`);
  const example = parseEnv(await readFile(`${path}.example`, 'utf8'));
  const lines = Object.keys(example).map((name) => `${name}=${randomBytes(24).toString('hex')}\n`);
  await writeFile(path, lines.join(''), { mode: 0o600 });
}

const acts: Record<(typeof steps)[number], () => Promise<void>> = {
  lock: async () => await cpiab('lock', SITE),
  secrets: async () => {
    await fillIn();
    await cpiab('secrets', 'render', SITE);
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'rehearsal');
  },
  close: async () => await cpiab('close', SITE, '--plan'),
  build: async () => await cpiab('build', SITE, '--frozen'),
};

await mkdir(join(out, 'config'), { recursive: true });
await run(['git', 'clone', '--quiet', here, repository]);
await symlink(join(here, 'node_modules'), join(repository, 'node_modules'));
await writeFile(join(repository, '.git/info/exclude'), '/node_modules\n');
try {
  await publish();
  await pointAt();
  for (const step of steps.slice(0, last + 1)) {
    const started = performance.now();
    await acts[step]();
    process.stdout.write(`${step}: ${Math.round((performance.now() - started) / 1000)} s\n`);
  }
} finally {
  await Promise.all([...registries.values()].map((registry) => registry.stop()));
}
