/** Phases of a drill, in order, and the steps of each. Each step may be cut off and begun again. */
export const drillSteps = {
  prepare: ['banks', 'services', 'members'],
  assess: ['inventory', 'fit'],
  seal: ['cargo'],
  ship: ['carry', 'verify'],
  land: ['unpack', 'box'],
  spread: ['join'],
  move: ['replicate', 'files', 'approve', 'fence', 'catch-up', 'promote', 'redirect'],
  settle: ['writes', 'checksums', 'drift', 'read-only', 'revoke'],
  close: ['measure', 'report'],
} as const;

export type DrillPhase = keyof typeof drillSteps;
type StepOf<Phase extends DrillPhase> = `${Phase}.${(typeof drillSteps)[Phase][number]}`;
export type StepName = { [Phase in DrillPhase]: StepOf<Phase> }[DrillPhase];

export const drillPhases = Object.keys(drillSteps) as DrillPhase[];
export const stepNames = drillPhases.flatMap((phase) =>
  drillSteps[phase].map((step) => `${phase}.${step}` as StepName),
);

export const phaseOf = (step: StepName): DrillPhase => step.split('.')[0] as DrillPhase;
