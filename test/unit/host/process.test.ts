import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ProcessError, run } from '../../../host/process.ts';

const sh = (script: string) => ['sh', '-c', script];
const failure = async (running: Promise<unknown>): Promise<ProcessError> => {
  const error = await running.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProcessError);
  return error as ProcessError;
};

/** A process that has ended may stay as a zombie (Z) until somebody asks. Source: proc_pid_stat(5). */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone) Z');
  return !/\) [ZX]/.test(stat);
}

describe('run', () => {
  test('passes arguments as they are, no shell takes part', async () => {
    const { stdout } = await run(['printf', '%s|', 'a b', '$HOME', "it's", '*', '']);
    expect(stdout).toBe("a b|$HOME|it's|*||");
  });

  test('keeps the two streams apart', async () => {
    expect(await run(sh('echo out; echo err >&2'))).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
  });

  test('gives input, directory and environment', async () => {
    const { stdout } = await run(sh('cat; pwd; echo "$WORD"'), {
      input: 'in\n',
      cwd: '/usr',
      env: { WORD: 'x y' },
    });
    expect(stdout).toBe('in\n/usr\nx y\n');
  });

  test('gives an empty standard input unless told', async () => {
    expect((await run(['cat'])).stdout).toBe('');
  });

  test('is not troubled by a program that reads no input', async () => {
    await expect(run(['true'], { input: 'x'.repeat(1 << 20) })).resolves.toBeDefined();
  });

  test('hands over lines as they come', async () => {
    const lines: string[] = [];
    await run(sh('printf "one\\ntwo\\nrest"; echo err >&2'), {
      onLine: (line, stream) => lines.push(`${stream}:${line}`),
    });
    expect(lines.toSorted()).toEqual(['stderr:err', 'stdout:one', 'stdout:rest', 'stdout:two']);
  });

  test('keeps characters that fall between two chunks', async () => {
    const { stdout } = await run(sh('printf "\\303"; sleep 0.1; printf "\\244"'));
    expect(stdout).toBe('ä');
  });
});

describe('a program that does not end well', () => {
  test('is an error with its status and what it first said', async () => {
    const error = await failure(run(sh('echo broken >&2; exit 3')));
    expect(error).toMatchObject({ failure: 'exit', status: 3, stderr: 'broken\n' });
    expect(error.message).toBe('sh -c: exit status 3: broken');
  });

  test('may be ended by a signal', async () => {
    expect(await failure(run(sh('kill -9 $$')))).toMatchObject({ failure: 'signal', status: null });
  });

  test('may not exist', async () => {
    const error = await failure(run(['cpiab-no-such-program']));
    expect(error.failure).toBe('spawn');
    expect(error.message).toContain('ENOENT');
  });

  test('may take too long', async () => {
    const started = Date.now();
    expect((await failure(run(['sleep', '30'], { timeoutMs: 100 }))).failure).toBe('timeout');
    expect(Date.now() - started).toBeLessThan(5000);
  });

  test('may write too much: what was kept is at most the limit', async () => {
    const error = await failure(run(['yes'], { maxOutput: 1000 }));
    expect(error.failure).toBe('output');
    expect(error.stdout.length).toBe(1000);
  });
});

describe('abort', () => {
  test('rejects with its reason and ends the children too', async () => {
    const controller = new AbortController();
    const child = Promise.withResolvers<number>();
    const onLine = (line: string) => child.resolve(Number(line));
    const running = run(sh('sleep 30 & echo $!; wait'), { signal: controller.signal, onLine });
    const pid = await child.promise;
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(await isRunning(pid)).toBe(false);
  });

  test('before the start starts nothing', async () => {
    await expect(run(['true'], { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
  });

  test('ends a program that ignores SIGTERM', async () => {
    const running = run(sh('trap "" TERM; while :; do sleep 0.1; done'), { timeoutMs: 200 });
    expect((await failure(running)).failure).toBe('timeout');
  });
});
