import { posix } from 'node:path';
import type { Checked } from '../../builder/check/check.ts';
import type { CheckReport } from '../../contract/check-report.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type Finding, fixOf, linesOf } from '../../policy/finding.ts';
import { rules } from '../../policy/rules.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function checkCommand(context: CliContext) {
  return command('check', 'hold the work tree to the rules that boxes hold pushes to', [
    {
      line: 'cpiab check',
      does: 'all that is wrong, with file, line, rule and fix; status 1 if there is any',
    },
    { line: 'cpiab check cluster/kubernetes/apps/syncthing', does: 'only what is wrong in one folder' },
    { line: 'cpiab check --sarif > check.sarif', does: 'findings for a code review tool' },
  ])
    .argument('[path...]', 'files and folders of the repository; all of it unless told')
    .option('--sarif', 'print findings as SARIF 2.1.0')
    .action(async (paths, { sarif }) => {
      const { checkRepository } = await import('../../builder/check/check.ts');
      const { repository, signal } = context;
      const date = new Date().toISOString().slice(0, 10);
      const checked = await checkRepository({ repository, paths, date }, signal);
      if (sarif) process.stdout.write(`${JSON.stringify(await sarifOf(checked.findings), null, 2)}\n`);
      else context.print(reportOf(checked), textOf(checked));
      if (checked.findings.length > 0) context.exitWith(1);
    });
}

const reportOf = ({ findings, ...looked }: Checked): CheckReport => ({
  apiVersion: 'cpiab.dev/v1',
  kind: 'CheckReport',
  ...looked,
  findings: findings.map(({ what, ...finding }) => ({
    ...finding,
    why: what,
    fix: fixOf({ ...finding, what }),
  })),
});

function textOf({ files, sites, unused, unrendered, findings }: Checked): string {
  const count = `${findings.length === 0 ? 'no' : findings.length} finding${findings.length === 1 ? '' : 's'}`;
  const apps =
    unused.length === 0 ? '' : `, ${unused.map((folder) => posix.basename(folder)).join(', ')} of no site`;
  const looked = `${files} files, ${sites.length === 1 ? 'site' : 'sites'} ${sites.join(', ')}${apps}`;
  const notes = unrendered.map(
    (site) =>
      `note: site ${site} has no Secrets yet: fill in config/env/${site}.env, then \`./cpiab secrets render ${site}\``,
  );
  return [...linesOf(findings, findings.length), ...notes, `checked: ${looked}: ${count}`].join('\n');
}

async function sarifOf(findings: readonly Finding[]): Promise<object> {
  const { sarifLog } = await import('../../contract/sarif.ts');
  const named = [...new Set(findings.map(({ rule }) => rule))].toSorted();
  return sarifLog(
    packageJson.version,
    named.map((rule) => ({ id: rule, text: `refuses ${rules[rule].refuses}` })),
    findings.map((finding) => ({
      ruleId: finding.rule,
      text: `${finding.what}. Fix: ${fixOf(finding)}`,
      file: finding.file,
      line: finding.line,
    })),
  );
}
