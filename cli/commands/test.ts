import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import type { Outcome } from '../testing/part.ts';

export function testCommand(context: CliContext) {
  return command('test', 'run what CI runs', [
    { line: 'cpiab test', does: 'checks, unit, integration and one boot' },
    { line: 'cpiab test --quick', does: 'the same without booting' },
    { line: 'cpiab test --all', does: 'the long boot tests too' },
  ])
    .option('--quick', 'leave the boot tests out', false)
    .option('--all', 'add the long boot tests', false)
    .action(async ({ quick, all }) => {
      const { testParts } = await import('../testing/parts.ts');
      const { closingLine, failureLines, sum } = await import('../testing/part.ts');
      const { repository, signal, note, progress } = context;
      const parts: ({ name: string } & Outcome)[] = [];
      for (const { name, title, run } of testParts(extent(quick, all))) {
        const started = performance.now();
        progress({ type: 'start', id: name, title });
        const outcome = await run({ repository, signal, onLine: note });
        const end = {
          id: name,
          detail: closingLine(outcome),
          tookMs: Math.round(performance.now() - started),
        };
        progress({ type: outcome.failed > 0 ? 'fail' : 'done', ...end });
        parts.push({ name, ...outcome });
      }
      const total = sum(parts);
      if (total.failed > 0 || total.passed === 0) context.exitWith(1);
      const lines = [...failureLines(parts), closingLine(total)];
      context.print({ apiVersion: 'cpiab.dev/v1', kind: 'TestReport', ...total, parts }, lines.join('\n'));
    });
}

function extent(quick: boolean, all: boolean) {
  if (all) return 'all';
  return quick ? 'quick' : 'ci';
}
