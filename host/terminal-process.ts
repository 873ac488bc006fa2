import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a program that a person works with: it has this process's terminal.
 * @param env added to this process's environment.
 * @returns its exit status; 128 and the signal's number are not told apart from a status.
 */
export async function runInTerminal(
  argv: readonly string[],
  { env, signal }: { env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<number> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env }, signal });
  const [status] = (await once(child, 'exit')) as [number | null];
  signal.throwIfAborted();
  return status ?? 1;
}
