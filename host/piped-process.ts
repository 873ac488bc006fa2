import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Duplex, Readable, Writable } from 'node:stream';

/** A running program whose input and output are streams: for data too large to hold in memory. */
export interface PipedProcess {
  stdin: Writable;
  stdout: Readable;
  /** Descriptor 3 of the program, and of all that it starts, both ways; only where one was asked for. */
  channel: Duplex | null;
  /** Settles when the program has ended: its status, null when a signal ended it, and the start of what it said on stderr. */
  ended: Promise<{ status: number | null; stderr: string }>;
  /** Ends the program and everything it started. */
  kill(): void;
}

export interface PipedOptions {
  /** The whole environment: nothing of this process's own passes, as it may hold what a caller must not set. */
  env: Readonly<Record<string, string>>;
  cwd?: string;
  /** Whether the program gets a channel. */
  channel?: boolean;
  signal?: AbortSignal;
}

const KEPT_STDERR = 4096;

/**
 * Starts a program by argument vector; no shell takes part. It leads a process group of its own.
 * `ended` rejects when it can't be started.
 */
export function startPiped(
  argv: readonly string[],
  { env, cwd, channel = false, signal }: PipedOptions,
): PipedProcess {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: channel ? ['pipe', 'pipe', 'pipe', 'pipe'] : ['pipe', 'pipe', 'pipe'],
    detached: true,
  }) as ChildProcessWithoutNullStreams;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < KEPT_STDERR) stderr = (stderr + text).slice(0, KEPT_STDERR);
  });
  // A program may end without reading its input; how it ended tells more than EPIPE.
  child.stdin.on('error', () => {});
  const kill = () => endGroup(child.pid);
  signal?.addEventListener('abort', kill, { once: true });
  const ended = new Promise<{ status: number | null; stderr: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stderr: stderr.trim() }));
  }).finally(() => signal?.removeEventListener('abort', kill));
  const fourth = (child.stdio as readonly unknown[])[3] as Duplex | undefined;
  // Its other end may close at any time.
  fourth?.on('error', () => {});
  return { stdin: child.stdin, stdout: child.stdout, channel: fourth ?? null, ended, kill };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: the group has ended on its own meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
