import { tmpdir } from 'node:os';
import { CommanderError } from '@commander-js/extra-typings';
import { CpiabError } from '../contract/errors.ts';
import { messageOf } from '../contract/message-of.ts';
import { cacheRoot } from '../host/cache.ts';
import { fullDisk } from '../host/full-disk.ts';
import { fileError } from '../host/input-file.ts';
import { ProcessError } from '../host/process.ts';
import { systemPackages } from '../host/system-packages.ts';

/**
 * What a person is told of anything that was thrown.
 * @param command the command line's start, such as `cpiab build`.
 */
export async function asError(error: unknown, command: string, signal: AbortSignal): Promise<CpiabError> {
  if (signal.aborted) return new CpiabError('E9002', { subject: command });
  if (error instanceof CpiabError) return error;
  if (error instanceof CommanderError) {
    const help = error.code === 'commander.help' ? 'which of its commands?' : error.message;
    return new CpiabError('E1010', {
      subject: command,
      args: [help.replace(/^error: /, '').replaceAll('\n', ' '), command],
    });
  }
  const { path } = (error ?? {}) as NodeJS.ErrnoException;
  const places = path === undefined ? [cacheRoot(), process.cwd(), tmpdir()] : [path];
  const full = await fullDisk(error, places);
  return full ?? (await fromProcess(error)) ?? fromSystem(error) ?? unexpected(error, command);
}

async function fromProcess(error: unknown): Promise<CpiabError | undefined> {
  if (!(error instanceof ProcessError) || error.failure !== 'spawn') return undefined;
  const program = error.argv[0] ?? '';
  const found = (await systemPackages()).find(({ proof }) => proof === program);
  return new CpiabError('E4007', { subject: program, args: [found?.name ?? program], cause: error });
}

/** System calls that only read. Opening may be either: whoever opens to read names the file himself. */
const READS = ['scandir', 'opendir', 'stat', 'lstat', 'readlink', 'read'];
const REFUSALS = ['EROFS', 'EACCES', 'EPERM'];

/** Errors that the file system gives to anybody who writes, or looks at what is another's. */
function fromSystem(error: unknown): CpiabError | undefined {
  const { code = '', path = 'a file', syscall = '' } = (error ?? {}) as NodeJS.ErrnoException;
  if (READS.includes(syscall) && (code === 'EACCES' || code === 'ELOOP' || code === 'ENOTDIR'))
    return fileError(error, path);
  return REFUSALS.includes(code) ? new CpiabError('E4012', { subject: path, cause: error }) : undefined;
}

function unexpected(error: unknown, command: string): CpiabError {
  const message = messageOf(error);
  return new CpiabError('E9001', { subject: command, args: [message.split('\n')[0] ?? ''], cause: error });
}
