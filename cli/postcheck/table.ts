import { styleText } from 'node:util';
import { failedChecks, type PostcheckReport, type PostcheckResult } from '../../contract/postcheck.ts';
import { postcheckGroups } from '../../contract/postcheck-table.ts';
import { table } from '../table.ts';

/** What a stream can show in colour. */
type Stream = NonNullable<Parameters<typeof styleText>[2]>['stream'];

const shown: Record<PostcheckResult, { word: string; style: 'green' | 'red' | 'dim' }> = {
  pass: { word: 'pass', style: 'green' },
  fail: { word: 'FAIL', style: 'red' },
  unknown: { word: 'UNKNOWN', style: 'red' },
  notApplicable: { word: 'n/a', style: 'dim' },
};

/** Checks by group, then what failed with what to do. @param stream where it goes. */
export function postcheckText(report: PostcheckReport, stream: Stream): string {
  const { checks, box, revision, bundle } = report;
  const failed = failedChecks(report);
  const rows = checks.map(({ id, result, required, evidence }) => {
    const { word, style } = shown[result];
    return required
      ? [styleText(style, word, { stream }), id, evidence]
      : [styleText('dim', word.toLowerCase(), { stream }), `${id} (optional)`, evidence];
  });
  const lines = table(rows).split('\n');
  const groups = Object.entries(postcheckGroups).flatMap(([group, title]) => {
    const own = lines.filter((_, index) => checks[index]?.group === group);
    return own.length === 0 ? [] : [title, ...own.map((line) => `  ${line}`), ''];
  });
  const advice = failed.flatMap(({ id, title, why, fix }) => [
    `${id}: ${title}`,
    `  why: ${why}`,
    `  fix: ${fix}`,
    '',
  ]);
  const passed = checks.filter(({ result }) => result === 'pass').length;
  const counts = failed.length === 0 ? `${passed} passed` : `${failed.length} of ${checks.length} failed`;
  const where = `site ${box.site} at ${revision.slice(0, 12)}, bundle ${bundle.sequence}`;
  return [...groups, ...advice, `${report.verdict}: ${counts}; ${where}`].join('\n');
}
