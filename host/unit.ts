import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAtomic } from './files.ts';
import { ProcessError, run } from './process.ts';

export interface UnitOptions {
  /** A oneshot service, such as `cpiab-kubeadm.service`. */
  unit: string;
  /** Directory in memory: the unit reads `<name>.env` there and writes what its program says to `<name>.log`. */
  directory: string;
  signal: AbortSignal;
  /** Sees every line, up to half a second late. */
  onLine?: (line: string) => void;
}

const FOLLOW_MS = 500;

/**
 * Has systemd run a program to its end, in a service of its own instead of below this process: what confines
 * this one is not made for it. Of an earlier call that nobody waits for any more, the program is ended first.
 * @param variables the unit's environment. A unit splits `$NAME` at blanks, and not `${NAME}` (systemd.service(5)).
 * @throws ProcessError with what the program said last; the signal's reason when aborted, the program ended then.
 */
export async function runUnit(
  variables: Readonly<Record<string, string>>,
  { unit, directory, signal, onLine = () => {} }: UnitOptions,
): Promise<void> {
  const name = unit.replace(/\.service$/, '');
  const log = join(directory, `${name}.log`);
  await run(['systemctl', 'stop', unit], { signal });
  await writeAtomic(join(directory, `${name}.env`), environmentFile(variables));
  await rm(log, { force: true });
  const ended = new AbortController();
  const followed = followLines(log, onLine, ended.signal);
  try {
    await run(['systemctl', 'start', unit], { signal });
  } catch (error) {
    // The request to start it is ended by now; what it started is not.
    if (signal.aborted) await run(['systemctl', 'stop', '--no-block', unit]);
    throw error instanceof ProcessError ? await failure(unit, log, error) : error;
  } finally {
    ended.abort();
    await followed;
  }
}

/** Source: systemd.exec(5), `EnvironmentFile=`. */
function environmentFile(variables: Readonly<Record<string, string>>): string {
  const quoted = (value: string) => `"${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');
}

async function failure(unit: string, log: string, cause: ProcessError): Promise<ProcessError> {
  const said = (await textOf(log)).trim().split('\n').slice(-3).join('\n');
  const output = { stdout: '', stderr: said === '' ? cause.stderr : said, tookMs: 0, signal: null };
  return new ProcessError([unit], 'exit', 'failed', { ...output, status: cause.status, cause });
}

/** Looks again and again until told to stop, and then once more. */
async function followLines(path: string, onLine: (line: string) => void, ended: AbortSignal): Promise<void> {
  for (let seen = 0; ; ) {
    const last = ended.aborted;
    const text = await textOf(path);
    const end = text.lastIndexOf('\n') + 1;
    if (end > seen) for (const line of text.slice(seen, end - 1).split('\n')) onLine(line);
    seen = Math.max(seen, end);
    if (last) return;
    await sleep(FOLLOW_MS, undefined, { signal: ended }).catch(() => {});
  }
}

const textOf = (path: string) =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
