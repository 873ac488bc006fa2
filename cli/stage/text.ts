import { type StageGate, stages } from '../../contract/stage.ts';
import { table } from '../table.ts';

/** The gate as a table, and what comes next. */
export function gateText({ site, completed, open, lacking }: StageGate): string {
  const rows = Object.entries(stages).map(([number, { title }]) => {
    const completion = completed.find(({ statement }) => statement.stage === Number(number));
    if (completion !== undefined) {
      const { by, time, statement } = completion;
      const signed = `signed by ${by}, ${time.slice(0, 10)}, commit ${statement.revision.slice(0, 12)}`;
      return [number, title, 'complete', signed];
    }
    const isOpen = Number(number) === open;
    return [
      number,
      title,
      isOpen ? 'open' : 'closed',
      isOpen ? '' : `until stage ${Number(number) - 1} is complete`,
    ];
  });
  const next =
    lacking === null
      ? `stage ${open} can be completed: cpiab stage complete ${open}`
      : `stage ${open} cannot be completed: ${lacking}`;
  return `site ${site}\n${table([['stage', 'title', 'state', ''], ...rows])}\n\n${next}`;
}
