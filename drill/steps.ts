import type { StepName } from '../contract/drill/steps.ts';
import { assess } from './phases/assess.ts';
import { close } from './phases/close.ts';
import { land } from './phases/land.ts';
import { move } from './phases/move.ts';
import { prepare } from './phases/prepare.ts';
import { seal } from './phases/seal.ts';
import { settle } from './phases/settle.ts';
import { ship } from './phases/ship.ts';
import { spread } from './phases/spread.ts';
import type { Step } from './step.ts';

const phases = { prepare, assess, seal, ship, land, spread, move, settle, close };

/** A whole drill, in order. */
export function stepOf(name: StepName): Step {
  const [phase = '', step = ''] = name.split('.');
  const found = (phases as Record<string, Record<string, Step>>)[phase]?.[step];
  if (found === undefined) throw new TypeError(`no step ${name}`);
  return found;
}
