import type { Expansion } from '../../contract/expand.ts';
import { machinesStep } from './machines-step.ts';
import { movesStep } from './moves-step.ts';
import type { RunFacts, Step } from './step.ts';

/**
 * The next step of an expansion, from what there is and nothing else, so that it goes on after a cut as if there had been
 * none: pool after pool, first its machines, then its moves, one after the other. Pure.
 * @returns null when nothing is left to do, or to finish when it is to stop.
 */
export function decide(run: Expansion, facts: RunFacts): Step | null {
  for (const pool of run.pools) {
    const step = machinesStep(run, pool, facts) ?? movesStep(run, pool, facts);
    if (step !== null) return isIdle(step) && run.state === 'stopping' ? null : step;
  }
  return null;
}

/** Whether nothing is under way: what is not begun needs no end. */
const isIdle = ({ approve, evict, settled, waits, halt }: Step) =>
  halt === null && [approve, evict, settled, waits].every(({ length }) => length === 0);
