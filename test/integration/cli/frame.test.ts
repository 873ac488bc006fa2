import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProcessError, run } from '../../../host/process.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));
const main = join(repository, 'cli', 'main.ts');
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cpiab-cli-'));
});
afterAll(() => rm(home, { recursive: true }));

const environment = () => ({
  XDG_CONFIG_HOME: join(home, 'config'),
  CPIAB_CACHE: join(home, 'cache'),
  CI: 'true',
});
const cpiab = (...args: string[]) =>
  run([process.execPath, main, ...args], { env: environment(), cwd: home });
const failure = async (running: Promise<unknown>) => {
  const error = await running.then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProcessError);
  return error as ProcessError;
};

describe('usage', () => {
  test('--help lists every command; the help of each has examples', async () => {
    const { stdout } = await cpiab('--help');
    const names = [...stdout.matchAll(/^ {2}([a-z-]+) \[options\]/gm)].map(([, name]) => name ?? '');
    const files = await readdir(join(repository, 'cli', 'commands'));
    expect(names.toSorted()).toEqual(files.map((file) => file.replace('.ts', '')).toSorted());
    for (const name of names) {
      const help = (await cpiab(name, '--help')).stdout;
      expect(help).toContain('--json');
      expect(help).toMatch(new RegExp(`Examples:\\n {2}\\$ cpiab ${name}`));
    }
  });

  test('no command: the help, and exit status 2', async () => {
    const { status, stdout } = await failure(cpiab());
    expect([status, stdout]).toEqual([2, expect.stringContaining('Usage: cpiab')]);
  });

  test.each([
    [['bild'], 'CPIAB-E1010 cpiab: unknown command'],
    [['build', '--frozn'], 'CPIAB-E1010 cpiab build: unknown option'],
    [['verify'], 'CPIAB-E1010 cpiab verify: missing required argument'],
    [['boot', '--memory', 'x'], 'CPIAB-E1010 cpiab boot: '],
    [['boot', '--firmware', 'openboot'], 'CPIAB-E1010 cpiab boot: '],
    [['build', '--only', 'floppy'], 'CPIAB-E1010 cpiab build: '],
    [['status', '--box', 'nowhere'], 'CPIAB-E1010 --box: '],
  ])('%j is wrong usage', async (args, message) => {
    const { status, stderr, stdout } = await failure(cpiab(...args));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nhint: see `\.\/cpiab/);
  });
});

describe('errors', () => {
  test('a file that is not there, for people', async () => {
    const { status, stderr, stdout } = await failure(cpiab('verify', '/nowhere/x.iso'));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'CPIAB-E1006 /nowhere/x.iso: no such file, or it cannot be read\nhint: check the path\n',
    );
  });

  test('a file that is no medium, for programs', async () => {
    await writeFile(join(home, 'text'), 'not an image');
    const { status, stderr } = await failure(cpiab('inspect', 'text', '--json'));
    expect(status).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'CPIAB-E2106',
      subject: join(home, 'text'),
      cause: null,
    });
  });

  test('a site that is not there', async () => {
    const { status, stderr } = await failure(cpiab('build', 'nosuchsite'));
    expect(status).toBe(2);
    expect(stderr).toContain('CPIAB-E1009 nosuchsite: no such site; known: ');
  });

  test('a site that is not built', async () => {
    expect((await failure(cpiab('boot', 'nosuchsite'))).stderr).toContain(
      'CPIAB-E1015 nosuchsite: not built yet',
    );
  });

  test('a box that nobody knows, and one that does not answer', async () => {
    expect((await failure(cpiab('status'))).stderr).toContain('CPIAB-E5006');
    expect((await failure(cpiab('status', '--box', 'https://127.0.0.1:9'))).stderr).toContain('CPIAB-E5006');
    const { status, stderr } = await failure(cpiab('status', '--box', 'https://127.0.0.1:9#ab'));
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('CPIAB-E5004 https://127.0.0.1:9/: no answer: '),
    ]);
  });
});

describe('doctor', () => {
  test('tells programs what it found', async () => {
    const { stdout } = await cpiab('doctor', '--json');
    const report = JSON.parse(stdout) as { ready: boolean; checks: { id: string; result: string }[] };
    expect(report).toMatchObject({ apiVersion: 'cpiab.dev/v1', kind: 'DoctorReport', ready: true });
    expect(report.checks).toContainEqual(expect.objectContaining({ id: 'node', result: 'pass' }));
  });

  test('a missing program is exit status 4', async () => {
    const path = dirname(process.execPath);
    const running = run([process.execPath, main, 'doctor'], { env: { ...environment(), PATH: path } });
    const { status, stdout, stderr } = await failure(running);
    expect(status).toBe(4);
    expect(stdout).toMatch(/FAIL +git: read the repository +missing/);
    expect(stderr).toMatch(/CPIAB-E4011 this machine: not ready: .*package\/git/);
  });

  test('a cache that cannot be written is exit status 4', async () => {
    const env = { ...environment(), CPIAB_CACHE: '/proc/cpiab' };
    const { status, stderr } = await failure(run([process.execPath, main, 'doctor'], { env }));
    expect([status, stderr]).toEqual([4, expect.stringContaining('not ready: cache')]);
  });
});

test('Ctrl-C ends with status 130 and says so, although the peer is silent', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const args = [main, 'status', '--box', `https://127.0.0.1:${port}#ab`];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment() }, stdio: 'pipe' });
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const [socket] = await once(server, 'connection');
  child.kill('SIGINT');
  const [status] = (await once(child, 'close')) as [number];
  expect([status, errors.join('')]).toEqual([
    130,
    expect.stringContaining('CPIAB-E9002 cpiab status: interrupted'),
  ]);
  (socket as { destroy(): void }).destroy();
  server.close();
});

test('on a terminal the table does not take away what the result says', async () => {
  await mkdir(join(home, 'small', 'blobs', 'sha256'), { recursive: true });
  const words = `stty rows 24 columns 80; '${process.execPath}' '${main}' cache verify`;
  const env = { ...environment(), CI: '', TERM: 'xterm', CPIAB_CACHE: join(home, 'small') };
  const { stdout } = await run(['script', '-qfec', words, '/dev/null'], { env, input: ' ' });
  const erased = stdout.slice(0, stdout.indexOf('0 files, 0 B, 0 damaged'));
  const after = stdout.slice(erased.length);
  expect(after).toContain('0 files, 0 B, 0 damaged');
  // Whatever is erased after the result is no more than was drawn after it.
  const drawn = after.split('\u001B[?2026h').filter((frame) => /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(frame)).length;
  const ups = after.split('\u001B[1A').length - 1;
  expect(ups).toBeLessThanOrEqual(drawn);
});

test('Ctrl-C on a terminal ends with status 130, says how to go on, and gives the cursor back', async () => {
  const words = `stty rows 24 columns 80; '${process.execPath}' '${main}' cache verify`;
  const size = 2 ** 31;
  await mkdir(join(home, 'big', 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(home, 'big', 'blobs', 'sha256', 'a'.repeat(64)), '');
  await truncate(join(home, 'big', 'blobs', 'sha256', 'a'.repeat(64)), size);
  const env = { ...process.env, ...environment(), CI: '', TERM: 'xterm', CPIAB_CACHE: join(home, 'big') };
  const child = spawn('script', ['-qfec', words, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const before = shown;
    shown += chunk.toString();
    if (!before.includes('\u001B[?25l') && shown.includes('\u001B[?25l')) child.stdin.write('\u0003');
  });
  const [status] = (await once(child, 'close')) as [number];
  expect(status).toBe(130);
  expect(shown).toContain('CPIAB-E9002 cpiab cache: interrupted');
  expect(shown).toContain('run the same command again: it goes on where this one stopped');
  expect(shown.lastIndexOf('\u001B[?25h')).toBeGreaterThan(shown.lastIndexOf('\u001B[?25l'));
});

test('a reader that closes the pipe early is no failure', async () => {
  const script = `"$0" "$1" doctor --json | head -c 1; exit "\${PIPESTATUS[0]}"`;
  const { stdout } = await run(['bash', '-c', script, process.execPath, main], { env: environment() });
  expect(stdout).toBe('{');
});
