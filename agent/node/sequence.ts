import type { Step } from '../step.ts';
import { verify } from '../verify/verify.ts';
import type { Joining } from './joining.ts';
import { enrollStep, joinStep, prepareNode } from './steps.ts';

/** The boot of a machine that joins a box, in order: nothing of the medium is used before it is verified, here too. */
export const nodeSequence = (joining: Joining): readonly Step[] => [
  { name: 'verify', does: 'check the medium', run: verify },
  {
    name: 'enroll',
    does: 'ask the box for a place',
    run: (board, context) => enrollStep(board, joining, context),
  },
  {
    name: 'join',
    does: 'join the cluster',
    early: (board, signal) => prepareNode(board, joining, signal),
    run: (board, context) => joinStep(board, joining, context),
  },
];
