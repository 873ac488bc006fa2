import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProcessError, run } from '../../../host/process.ts';
import { sourceRepository } from '../../support/api.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { tinyMediumTree } from '../../support/tiny-machine.ts';

const child = join(import.meta.dirname, '../../support/agent/child.ts');
const here = keptDirectory();
const namespace = `cpiab-${process.pid}-killed`;
const isRoot = process.getuid?.() === 0;
if (!isRoot)
  process.stderr.write('an agent that is killed is not tried: its ports need a namespace, and that root\n');
const ROUNDS = 8;
let head = '';

/** What stands for the registry: systemd would start it, and start it again. */
const SYSTEMCTL = `#!/bin/sh
[ -e "${'$'}{0%/*}/registry" ] && exit 0
setsid ${process.execPath} -e 'require("http").createServer((_, answer) => answer.end()).listen(5000)' >/dev/null 2>&1 &
echo $! >"${'$'}{0%/*}/registry"
`;

const command = () => ['ip', 'netns', 'exec', namespace, process.execPath, child, here('box')];
const environment = () => ({ PATH: `${here('.')}:${process.env['PATH']}` });

beforeAll(async () => {
  if (!isRoot) return;
  await run(['ip', 'netns', 'add', namespace]);
  await run(['ip', '-n', namespace, 'link', 'set', 'lo', 'up']);
  await writeFile(here('systemctl'), SYSTEMCTL);
  await chmod(here('systemctl'), 0o755);
  const source = await sourceRepository(here('.'), { 'README.md': 'hello\n' });
  head = source.head;
  await mkdir(here('box'));
  await tinyMediumTree(here('box'), await readFile(source.bundle));
  await mkdir(here('box', 'etc', 'cpiab'), { recursive: true });
  await run(['cp', here('box', 'keys', 'minisign.pub'), here('box', 'etc', 'cpiab', 'minisign.pub')]);
});

const processes = async () =>
  (await run(['ip', 'netns', 'pids', namespace])).stdout.split('\n').filter(Boolean).map(Number);

/** Nothing stops a process that ended by itself meanwhile. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What an agent started goes with it, as a unit's control group does; what systemd would keep stays. */
async function endRest(): Promise<void> {
  const kept = Number(await readFile(here('registry'), 'utf8').catch(() => '0'));
  for (;;) {
    const rest = (await processes()).filter((pid) => pid !== kept);
    if (rest.length === 0) return;
    for (const pid of rest) kill(pid);
    await sleep(20);
  }
}

afterAll(async () => {
  if (!isRoot) return;
  for (const pid of await processes()) kill(pid);
  await run(['ip', 'netns', 'delete', namespace]);
});

/** Starts the agent, and takes it away some time after it began to work. @returns how long it worked, and its last words. */
async function worked(ms: number): Promise<{ ms: number; said: string }> {
  const [program = '', ...args] = command();
  const agent = spawn(program, args, { detached: true, env: { ...process.env, ...environment() } });
  let said = '';
  agent.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = text.trim().split('\n').at(-1) ?? said;
  });
  const ended = once(agent, 'exit');
  await Promise.race([once(agent.stdout, 'data'), ended]);
  const began = performance.now();
  await Promise.race([sleep(ms), ended]);
  const took = performance.now() - began;
  kill(-(agent.pid ?? 0));
  await ended;
  await endRest();
  return { ms: took, said };
}

async function finished(): Promise<{ complete: boolean; problem: string | null; head: string | null }> {
  const { stdout } = await run(command(), { env: environment(), timeoutMs: 60_000 }).catch(
    (error: ProcessError) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

describe.skipIf(!isRoot)('an agent that is killed again and again', () => {
  /** From the first of its work to its end, which is looked for first: machines differ. @param lost what each begins without. */
  async function kills(...lost: string[]): Promise<string[]> {
    const again = () => run(['rm', '-rf', ...lost]);
    await again();
    const whole = (await worked(60_000)).ms;
    const said: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await again();
      said.push((await worked((whole * round) / ROUNDS)).said);
    }
    process.stderr.write(`killed at: ${said.join(', ')}\n`);
    return said;
  }
  const checked = () => here('box', 'run', 'cpiab', 'verified');

  test("while it verifies and serves a new box ends with the bundle's commit all the same", async () => {
    const said = await kills(checked(), here('box', 'var'));
    // The last may have come to its end: no two runs take as long.
    expect(said.some((words) => words.startsWith('verify'))).toBe(true);
    expect(said.some((words) => !words.startsWith('verify'))).toBe(true);
    expect(await finished()).toEqual({ complete: true, problem: null, head });
  });

  test('loses nothing that was pushed', async () => {
    const repository = here('box', 'var', 'lib', 'cpiab', 'git', 'harbour.git');
    const work = here('work');
    await writeFile(join(work, 'pushed'), 'by an operator\n');
    await run(['git', '-C', work, 'add', '--all']);
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
    await run(['git', '-C', work, ...who, 'commit', '--quiet', '--message', 'pushed']);
    await run(['git', '-C', work, 'push', '--quiet', repository, 'main']);
    const pushed = (await run(['git', '-C', work, 'rev-parse', 'HEAD'])).stdout.trim();
    await kills(checked());
    expect(await finished()).toEqual({ complete: true, problem: null, head: pushed });
    await run(['git', '--git-dir', repository, 'fsck', '--full', '--strict']);
  });
});
