import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

/** How often it looks whether what was ended had started more meanwhile. */
const ROUNDS = 5;

/**
 * A mark in the environment of a program and of all that it starts, however far from it: a kept box leads a session of
 * its own and outlives who started it.
 */
export class Mark {
  readonly #value = randomUUID();
  readonly env = { CPIAB_TEST_RUN: this.#value };

  /** Ends all that bears it, by SIGKILL. @returns how many there were. */
  async end(): Promise<number> {
    let count = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const pids = await this.#bearers();
      if (pids.length === 0) break;
      count += pids.filter(endOne).length;
    }
    return count;
  }

  /** Source: proc_pid_environ(5). A zombie's is empty. */
  async #bearers(): Promise<number[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const environments = await Promise.all(
      pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')),
    );
    return pids.filter((_, index) => environments[index]?.includes(this.#value)).map(Number);
  }
}

function endOne(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
