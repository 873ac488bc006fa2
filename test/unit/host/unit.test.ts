import { chmod, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ProcessError, run } from '../../../host/process.ts';
import { runUnit } from '../../../host/unit.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
const searched = process.env['PATH'];

/** Does with one oneshot unit what systemd does, as far as it is asked here: `$ARGUMENTS` is a shell's command. */
const SYSTEMCTL = `#!/bin/sh
cd "$(dirname "$0")"
case $1 in
stop) [ -e pid ] && /bin/kill -TERM -- "-$(cat pid)"; rm -f pid; exit 0 ;;
start) set -a; . ./job.env; setsid sh -c "$ARGUMENTS" >job.log 2>&1 & echo $! >pid; wait $! ;;
esac
`;

beforeEach(async () => {
  await writeFile(here('systemctl'), SYSTEMCTL);
  await chmod(here('systemctl'), 0o755);
  process.env['PATH'] = `${here('.')}:${searched}`;
});
afterEach(async () => {
  await run(['systemctl', 'stop', 'job.service']);
  process.env['PATH'] = searched;
});

const start = (command: string, more: object = {}) =>
  runUnit(
    { ARGUMENTS: command, WORD: 'a "quoted" $word `here` \\' },
    { unit: 'job.service', directory: here('.'), signal: new AbortController().signal, ...more },
  );

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a program in a service of its own', () => {
  test('gets its variables as they are, and each line that it says is told once', async () => {
    const lines: string[] = [];
    await start('echo "$WORD"; sleep 0.8; echo one; echo two >&2', {
      onLine: (line: string) => lines.push(line),
    });
    expect(lines).toEqual(['a "quoted" $word `here` \\', 'one', 'two']);
  });

  test('that fails is an error with what it said last', async () => {
    const failed = await start('echo first; echo why >&2; exit 3').catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ProcessError);
    expect((failed as ProcessError).message).toBe('job.service: failed: first | why');
  });

  test('ends when nobody wants it any more', async () => {
    const stop = new AbortController();
    const started = start('echo $ >own; sleep 60', { signal: stop.signal });
    await sleep(300);
    stop.abort();
    await expect(started).rejects.toThrow('aborted');
    const pid = Number(await readFile(here('own'), 'utf8'));
    await expect.poll(() => isThere(pid)).toBe(false);
  });

  test('of an earlier call ends before another is started', async () => {
    const lines: string[] = [];
    const orphan = start('sleep 60').catch(() => 'ended');
    await sleep(300);
    await start('echo second', { onLine: (line: string) => lines.push(line) });
    expect(await orphan).toBe('ended');
    expect(lines).toEqual(['second']);
  });
});
