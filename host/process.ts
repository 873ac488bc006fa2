import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { $, type ProcessOutput } from 'zx/core';

export interface RunOptions {
  /** Working directory; this process's own unless told. */
  cwd?: string;
  /** Variables added to this process's environment. */
  env?: Readonly<Record<string, string>>;
  /** What the program reads from standard input; it sees an empty one unless told. */
  input?: string | Uint8Array;
  /** Milliseconds until the program is stopped; no limit unless told. */
  timeoutMs?: number;
  /** Stops the program; `run` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Bytes kept of each output stream, 16 MiB unless told. More on stdout is an error; of stderr the end is dropped. */
  maxOutput?: number;
  /** Sees every line as it comes, without its line break. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface RunResult {
  stdout: string;
  stderr: string;
  tookMs: number;
}

/** How a program ended. */
interface Ended extends RunResult {
  status: number | null;
  signal: string | null;
  cause: unknown;
}

type Failure = 'exit' | 'signal' | 'spawn' | 'timeout' | 'output';

/** A program that did not end well. The message has the command, how it ended, and what it first said on stderr. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError';
  readonly argv: readonly string[];
  /** `exit`: a status other than 0; `spawn`: could not be started; `output`: wrote more than `maxOutput`. */
  readonly failure: Failure;
  /** Exit status, or null when it has none. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(argv: readonly string[], failure: Failure, how: string, output: Ended) {
    const said = output.stderr.trim().split('\n').slice(0, 3).join(' | ').slice(0, 500);
    super(`${argv.slice(0, 2).join(' ')}: ${how}${said === '' ? '' : `: ${said}`}`, { cause: output.cause });
    this.argv = argv;
    this.failure = failure;
    this.status = failure === 'exit' ? output.status : null;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

const DEFAULT_MAX_OUTPUT = 16 << 20;
/** Between asking a program to end and ending it. */
const GRACE_MS = 2000;

/**
 * Runs a program to its end. No shell takes part: `argv` reaches the program as it is. The program leads
 * a process group of its own, which is ended as a whole on timeout or abort: first SIGTERM, then SIGKILL.
 * @throws ProcessError when it can't start, ends with a status other than 0, takes or writes too much;
 *   the signal's reason when aborted.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { signal, timeoutMs, maxOutput = DEFAULT_MAX_OUTPUT } = options;
  signal?.throwIfAborted();
  const stopper = new Stopper();
  const stdout = cappedChunks(maxOutput, () => stopper.stop('output'));
  const stderr = cappedChunks(maxOutput);
  const abort = () => stopper.stop('abort');
  signal?.addEventListener('abort', abort, { once: true });
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stopper.stop('timeout'), timeoutMs);
  try {
    const output = await $({
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(hasInput(options.input) ? { input: Buffer.from(options.input) } : {}),
      // What programs say is looked at and shown, so it is in one language.
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
      stdio: [hasInput(options.input) ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      store: { stdout, stderr, stdall: cappedChunks(0) },
      // zx would hand its command to a shell.
      spawn: ((_command: string, _args: string[], defaults: SpawnOptions) =>
        stopper.watch(start(argv, defaults, options.onLine))) as typeof spawn,
      detached: true,
      nothrow: true,
      quiet: true,
    })`${argv}`;
    if (stopper.why === 'abort') throw signal?.reason;
    return judge(argv, ended(output, stdout, stderr), stopper.why, timeoutMs);
  } finally {
    clearTimeout(timer);
    stopper.ended();
    signal?.removeEventListener('abort', abort);
  }
}

function hasInput(input: RunOptions['input']): input is string | Uint8Array {
  return input !== undefined && input.length > 0;
}

function start(argv: readonly string[], defaults: SpawnOptions, onLine: RunOptions['onLine']): ChildProcess {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { ...defaults, shell: false });
  // A program may end without reading its input; how it ended tells more than EPIPE.
  child.stdin?.on('error', () => {});
  if (onLine !== undefined) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const input = child[stream];
      if (input !== null) createInterface({ input }).on('line', (line) => onLine(line, stream));
    }
  }
  return child;
}

/** zx decodes chunk by chunk, which breaks characters that fall between two: the text is made here. */
function ended(output: ProcessOutput, stdout: Buffer[], stderr: Buffer[]): Ended {
  return {
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
    tookMs: output.duration,
    status: output.exitCode,
    signal: output.signal,
    cause: output.cause,
  };
}

function judge(
  argv: readonly string[],
  output: Ended,
  stopped: Stopped | undefined,
  timeoutMs: number | undefined,
): RunResult {
  const fail = (failure: Failure, how: string) => new ProcessError(argv, failure, how, output);
  if (stopped === 'timeout') throw fail('timeout', `not done after ${timeoutMs} ms`);
  if (stopped === 'output') throw fail('output', 'wrote more than can be kept');
  if (output.cause !== null && output.cause !== undefined)
    throw fail('spawn', (output.cause as Error).message);
  if (output.signal !== null) throw fail('signal', `ended by ${output.signal}`);
  if (output.status !== 0) throw fail('exit', `exit status ${output.status}`);
  return { stdout: output.stdout, stderr: output.stderr, tookMs: output.tookMs };
}

type Stopped = 'abort' | 'timeout' | 'output';

/** Ends one process group once, for the first reason that comes. */
class Stopper {
  why: Stopped | undefined;
  #child: ChildProcess | undefined;
  #force: NodeJS.Timeout | undefined;

  watch(child: ChildProcess): ChildProcess {
    this.#child = child;
    return child;
  }

  stop(why: Stopped): void {
    if (this.why !== undefined) return;
    this.why = why;
    this.#signal('SIGTERM');
    this.#force = setTimeout(() => this.#signal('SIGKILL'), GRACE_MS);
  }

  ended(): void {
    clearTimeout(this.#force);
  }

  #signal(name: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      // ESRCH: the group has ended on its own meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** A list of chunks that keeps at most `limit` bytes and drops the rest. */
function cappedChunks(limit: number, onFull: () => void = () => {}): Buffer[] {
  const chunks: Buffer[] = [];
  let kept = 0;
  chunks.push = (...fresh: Buffer[]) => {
    for (const chunk of fresh) {
      const part = chunk.subarray(0, limit - kept);
      if (part.length > 0) chunks[chunks.length] = part;
      kept += part.length;
      if (part.length < chunk.length) onFull();
    }
    return chunks.length;
  };
  return chunks;
}
