import { type ProcessError, run } from '../../host/process.ts';

/** Mounts a small file system, runs a program, and lists the files that it left there. */
const SCRIPT = `disk=$1; shift
mount -t tmpfs -o size=$1 none "$disk" && shift || exit 99
"$@"; status=$?
cd "$disk" && find . ! -type d -printf '%s %P\\n'
exit $status`;

export interface FullDiskResult {
  status: number | null;
  /** What the program said of its end, as `--json` shows it. */
  error: { code: string; subject: string };
  /** Path below the disk → bytes, for every file that is left. */
  left: Record<string, number>;
}

/**
 * Runs a program that fails where a directory is a file system of so few bytes. It is mounted for that program
 * alone, so it is gone with it. Needs root, as mount(2) does.
 */
export async function onFullDisk(
  disk: string,
  bytes: number,
  argv: string[],
  env: Record<string, string> = {},
) {
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', SCRIPT, 'sh', disk];
  const ended = await run([...command, String(bytes), ...argv], { env, timeoutMs: 60_000 }).catch(
    (error: ProcessError) => error,
  );
  const status = 'status' in ended ? ended.status : 0;
  const lines = ended.stdout.split('\n').filter((line) => /^\d+ /.test(line));
  const left = lines.map((line) => [line.slice(line.indexOf(' ') + 1), Number.parseInt(line, 10)] as const);
  const last = ended.stderr.trim().split('\n').at(-1) ?? '';
  return { status, error: JSON.parse(last), left: Object.fromEntries(left) } as FullDiskResult;
}
