import { spawn } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { keyboards } from '../../../agent/install/machine.ts';
import { linesOf } from '../../../agent/install/question.ts';

test('what is typed at a terminal is a line when Enter is pressed, on a screen and at a serial line', async () => {
  // script(1) makes a terminal; what it is sent is typed there, and the program in it only holds it open.
  const holder = spawn('script', ['--quiet', '--command', 'sleep 60', '/dev/null'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const stop = new AbortController();
  try {
    const path = await terminalOf(holder.pid ?? 0);
    const ask = linesOf(keyboards(['/dev/none', path]), stop.signal);
    const first = ask();
    holder.stdin.write('nonsense\r');
    expect(await first).toBe('nonsense');
    holder.stdin.write('erase ');
    holder.stdin.write('vda\n');
    expect(await ask()).toBe('erase vda');
  } finally {
    stop.abort();
    holder.kill('SIGKILL');
  }
});

/** The terminal that the one child of a process has. */
async function terminalOf(pid: number): Promise<string> {
  for (;;) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const path = await readlink(`/proc/${children.trim().split(' ')[0]}/fd/0`).catch(() => '');
    if (path.startsWith('/dev/pts/')) return path;
    await sleep(50);
  }
}
