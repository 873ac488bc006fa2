import { styleText } from 'node:util';
import { CpiabError } from '../../contract/errors.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type Check, type Finding, fail } from '../doctor/check.ts';
import { table } from '../table.ts';

type Line = Omit<Check, 'look'> & Finding;

export function doctorCommand(context: CliContext) {
  return command('doctor', 'check what this machine has and lacks', [
    { line: 'cpiab doctor', does: 'a table; exit status 4 when something needed is missing' },
    { line: 'cpiab doctor --json', does: 'the same for programs' },
  ]).action(async () => {
    const { checks } = await import('../doctor/checks.ts');
    const lines = await Promise.all((await checks()).map((check) => runCheck(check, context)));
    context.signal.throwIfAborted();
    const failed = lines.filter(({ result }) => result === 'fail');
    context.print(
      { apiVersion: 'cpiab.dev/v1', kind: 'DoctorReport', ready: failed.length === 0, checks: lines },
      text(lines),
    );
    if (failed.length > 0) {
      throw new CpiabError('E4011', {
        subject: 'this machine',
        args: [failed.map(({ id }) => id).join(', ')],
      });
    }
  });
}

async function runCheck({ look, ...check }: Check, context: CliContext): Promise<Line> {
  // One look that fails must not hide what the others saw.
  const finding = await look(context).catch((error: Error) => fail(error.message, 'see what it names'));
  // What only the project's own tests need is no reason to send a person away.
  const onlyTests = check.neededBy.join() === 'test';
  return { ...check, ...finding, result: finding.result === 'fail' && onlyTests ? 'warn' : finding.result };
}

const MARKS: Record<Finding['result'], string> = {
  pass: styleText('green', 'ok'),
  warn: styleText('yellow', 'warn'),
  fail: styleText('red', 'FAIL'),
};

function text(lines: readonly Line[]): string {
  const rows = lines.map(({ result, title, detail }) => [MARKS[result], title, detail]);
  const hints = lines.filter(({ hint }) => hint !== '').map(({ id, hint }) => `${id}: ${hint}`);
  return [table([['', 'check', 'found'], ...rows]), ...hints].join('\n');
}
