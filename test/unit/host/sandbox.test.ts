import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bubblewrap, type Sandbox, type SandboxOptions } from '../../../host/sandbox.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
let sandbox: Sandbox;
/** A root with one file of its own. Its programs are this machine's: what they are is of no matter here. */
beforeEach(async () => {
  for (const name of ['etc', 'usr']) await mkdir(here('root', name), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) await symlink(`usr/${name}`, here('root', name));
  await writeFile(here('root', 'etc', 'own'), 'own file');
  const bare = bubblewrap(here('root'), 'test');
  const usr = { source: '/usr', target: '/usr', write: false };
  sandbox = {
    ...bare,
    run: async (argv, options = {}) =>
      await bare.run(argv, { ...options, binds: [usr, ...(options.binds ?? [])] }),
  };
});
const sh = async (script: string, options: SandboxOptions = {}) =>
  (await sandbox.run(['sh', '-c', script], options)).stdout.trim();

describe('a sandboxed program', () => {
  test('sees nothing of the environment but what it is given', async () => {
    process.env['CPIAB_TEST_SECRET'] = 'x';
    const seen = (await sh('env', { env: { ASKED: 'for', LC_ALL: 'C' } })).split('\n').toSorted();
    delete process.env['CPIAB_TEST_SECRET'];
    expect(seen.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line))).toEqual([
      ...['ASKED=for', 'HOME=/tmp', 'LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'TZ=UTC'],
    ]);
  });

  test('is root of its own, on a host of its own, beside no other process', async () => {
    expect(await sh('id -u; id -g; uname -n')).toBe('0\n0\nbuild');
    expect(Number(await sh('ls /proc | grep -c "^[0-9]"'))).toBeLessThan(6);
  });

  test('sees its root and no other file, cannot change it, and has an empty /tmp', async () => {
    expect(await sh('ls / | tr "\\n" " "; ls /etc; cat /etc/own')).toBe(
      'bin dev etc lib lib64 proc tmp usr own\nown file',
    );
    await expect(sh('echo x > /etc/own')).rejects.toThrow('Read-only file system');
    await sh('touch /x /etc/x');
    expect([await readdir(here('root')), await readdir(here('root', 'etc'))].flat()).not.toContain('x');
    expect(await sh('ls -A /tmp; touch /tmp/x; ls -A /tmp')).toBe('x');
  });

  test('reads and writes what is bound, each as it may', async () => {
    await mkdir(here('in'));
    await mkdir(here('out'));
    await writeFile(here('in', 'file'), 'text');
    const binds = [
      { source: here('in'), target: '/in', write: false },
      { source: here('out'), target: '/out', write: true },
    ];
    await sh('cp /in/file /out/copy', { binds });
    expect(await readFile(here('out', 'copy'), 'utf8')).toBe('text');
    await expect(sh('touch /in/x', { binds })).rejects.toThrow('Read-only file system');
  });

  test('starts where it is told and gets its arguments as they are', async () => {
    expect((await sandbox.run(['pwd'], { cwd: '/usr' })).stdout).toBe('/usr\n');
    expect((await sandbox.run(['printf', '%s|', 'a b', '$HOME', ''])).stdout).toBe('a b|$HOME||');
  });

  test('ends with its own status and words', async () => {
    await expect(sh('echo broken >&2; exit 3')).rejects.toMatchObject({
      failure: 'exit',
      status: 3,
      stderr: 'broken\n',
    });
  });

  test('is ended with all that it started', async () => {
    const stop = new AbortController();
    const running = sh('echo started; sleep 300 & wait', {
      signal: stop.signal,
      onLine: () => stop.abort(new Error('enough')),
    });
    await expect(running).rejects.toThrow('enough');
  });
});

describe('the network', () => {
  const server = createServer((_, response) => response.end('reached'));
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => server.close());
  const fetchIt = () => {
    const { port } = server.address() as AddressInfo;
    const program = `
      const { get } = require('node:http');
      get('http://127.0.0.1:${port}', (r) => r.pipe(process.stdout)).on('error', (e) => console.log(e.code));`;
    return [process.execPath, '-e', program];
  };
  const binds = () => [{ source: process.execPath, target: '/node', write: false }];
  const ask = async (network: boolean) =>
    (await sandbox.run(['/node', ...fetchIt().slice(1)], { binds: binds(), network })).stdout.trim();

  test('is out of reach unless asked for', async () => {
    expect(await ask(false)).toBe('ECONNREFUSED');
    expect(await sh('cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " "')).toBe('lo');
  });

  test('is there when asked for, with this machine’s names and certificates', async () => {
    expect(await ask(true)).toBe('reached');
    const machine = await readFile('/etc/hosts', 'utf8');
    expect(await sh('cat /etc/hosts', { network: true })).toBe(machine.trim());
  });
});

describe('what goes wrong', () => {
  test('in a root that lacks the program is an error that names it', async () => {
    const failing = sandbox.run(['cpiab-no-such-program']);
    await expect(failing).rejects.toThrow(/cpiab-no-such-program/);
    await expect(failing).rejects.not.toMatchObject({ code: 'E4010' });
  });

  test('in isolating it is an error with what to do', async () => {
    const error = await refusal(
      sandbox.run(['true'], { binds: [{ source: here('missing'), target: '/x', write: false }] }),
    );
    expect(error).toMatchObject({ code: 'E4010', exit: 4 });
    expect(error.message).toContain(here('missing'));
  });
});
