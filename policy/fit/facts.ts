import { join } from 'node:path';

/** Run on a machine, it tells what the machine has: `MachineFacts`. */
export const factsScript = join(import.meta.dirname, 'facts.sh');
