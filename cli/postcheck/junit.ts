import { failedChecks, type PostcheckEntry, type PostcheckReport } from '../../contract/postcheck.ts';
import { postcheckGroups } from '../../contract/postcheck-table.ts';

/** A report as CI servers read it. Source: github.com/testmoapp/junitxml. */
export function junitXml(report: PostcheckReport): string {
  const suites = Object.entries(postcheckGroups).flatMap(([group, title]) => {
    const checks = report.checks.filter((check) => check.group === group);
    return checks.length === 0 ? [] : suite(title, checks, report.time);
  });
  const head = attributes({
    name: `postcheck ${report.box.site}`,
    ...counts(report.checks),
    time: seconds(report),
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head}>\n${suites.join('')}</testsuites>\n`;
}

function suite(name: string, checks: PostcheckEntry[], timestamp: string): string {
  const head = attributes({ name, ...counts(checks), timestamp });
  return `  <testsuite${head}>\n${checks.map(testCase).join('')}  </testsuite>\n`;
}

function testCase(check: PostcheckEntry): string {
  const { id, group, title } = check;
  const head = attributes({ name: `${id}: ${title}`, classname: group, time: seconds(check) });
  return `    <testcase${head}>\n      ${outcome(check)}\n    </testcase>\n`;
}

/** A check that does not apply, or may fail, was skipped. */
function outcome(check: PostcheckEntry): string {
  const { result, evidence, why, fix } = check;
  const message = attributes({ message: evidence });
  if (result === 'pass') return `<system-out>${escaped(evidence)}</system-out>`;
  if (!isFailure(check)) return `<skipped${message}/>`;
  return `<failure${message}${attributes({ type: result })}>${escaped(`why: ${why}\nfix: ${fix}`)}</failure>`;
}

const isFailure = (check: PostcheckEntry) => failedChecks({ checks: [check] }).length > 0;

function counts(checks: readonly PostcheckEntry[]) {
  const failures = checks.filter(isFailure).length;
  const passed = checks.filter(({ result }) => result === 'pass').length;
  return { tests: checks.length, failures, errors: 0, skipped: checks.length - failures - passed };
}

const seconds = ({ tookMs }: { tookMs: number }) => (tookMs / 1000).toFixed(3);

const attributes = (values: Record<string, string | number>) =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll('"', '&quot;')}"`)
    .join('');

/** Also takes out what XML 1.0 cannot hold at all (section 2.2). */
const escaped = (text: string) =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
