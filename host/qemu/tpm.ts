import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessError, run } from '../process.ts';

const TRIES = 25;
const PAUSE_MS = 200;

/**
 * Starts a TPM 2.0 in software, which ends with the machine that it is given to.
 * @param directory where it keeps its keys, made when it isn't there: another directory is another TPM.
 * @param socket to be made, for QEMU.
 * @returns the socket.
 * @throws ProcessError when it does not start. One that a machine before had needs a moment to let go.
 */
export async function startTpm(directory: string, socket: string, signal: AbortSignal): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const argv = ['swtpm', 'socket', '--tpm2', '--daemon', '--terminate'];
  const places = ['--tpmstate', `dir=${directory}`, '--ctrl', `type=unixio,path=${socket}`];
  for (let tries = 1; ; tries++) {
    try {
      await run([...argv, ...places], { signal });
      return socket;
    } catch (error) {
      if (!(error instanceof ProcessError) || error.failure !== 'exit' || tries >= TRIES) throw error;
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
}
