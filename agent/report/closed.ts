import { messageOf } from '../../contract/message-of.ts';
import { journal } from './journal.ts';
import type { BoxReport } from './report.ts';

/** Tells of a part that stays closed until the box starts again; the others go on. */
export function closed(
  report: BoxReport,
  error: unknown,
  { topic, what, nextAction }: { topic: string; what: string; nextAction: string },
): void {
  const why = messageOf(error);
  journal('error', { [topic]: 'not open', why });
  report.lasting(topic, { problem: `${what}: ${why}`, nextAction });
}
