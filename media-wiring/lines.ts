import type { AppReport, Report } from './wire.ts';

/** What a person reads of a pass: a line for each change and each problem. */
export const linesOf = ({ apps }: Report): string[] => apps.flatMap(appLines);

function appLines({ app, changes, problem, state }: AppReport): string[] {
  const lines = changes.map(({ action, what, settings = [] }) =>
    [`${app}: ${action} ${what}`, ...settings].join(settings.length > 1 ? '\n  ' : ': '),
  );
  if (problem === null) return lines;
  const { answer, says, todo } = problem;
  const asked = answer === null ? '' : `${answer.method} ${answer.path}: ${answer.status}: `;
  return [...lines, `${app}: ${state === 'waiting' ? 'waits' : 'refused'}: ${asked}${says}; ${todo}`];
}
