import { parser } from '@prometheus-io/lezer-promql';
import { AlertRulesSchema, alertsFile } from '../../contract/alerts.ts';
import { DashboardSchema, dashboardFile, queriesOf, rateInterval } from '../../contract/dashboard.ts';
import { parseDocuments, type Source, type Steps } from '../document/source-document.ts';
import type { Finding } from '../finding.ts';
import type { Tree } from '../tree/tree.ts';
import { filesOf, readDocument } from './own-documents.ts';

/** Dashboards and alerts are what they should be, and ask what Prometheus can read. */
export async function checkQueries(tree: Tree): Promise<Finding[]> {
  return [...(await eachOf(tree, dashboardFile, ofDashboard)), ...(await eachOf(tree, alertsFile, ofAlerts))];
}

async function eachOf(
  tree: Tree,
  pattern: RegExp,
  look: (file: string, text: string) => Finding[],
): Promise<Finding[]> {
  const files = filesOf(tree).filter((path) => pattern.test(path));
  const texts = await tree.read(files);
  return files.flatMap((file, index) => look(file, texts[index] ?? ''));
}

function ofDashboard(file: string, text: string): Finding[] {
  const findings: Finding[] = [];
  const panels = readDocument(file, text, DashboardSchema, findings)?.panels ?? [];
  // JSON is YAML, whose reader keeps the lines.
  const [source] = parseDocuments(file, text).documents;
  const found = panels.flatMap((panel, index) =>
    queriesOf(panel).flatMap((query, target) =>
      ofQuery(query, panel.title, source, ['panels', index, 'targets', target, 'expr']),
    ),
  );
  return [...findings, ...found];
}

function ofAlerts(file: string, text: string): Finding[] {
  const findings: Finding[] = [];
  const groups = readDocument(file, text, AlertRulesSchema, findings)?.groups ?? [];
  const [source] = parseDocuments(file, text).documents;
  const found = groups.flatMap(({ rules }, group) =>
    rules.flatMap(({ alert, expr }, rule) =>
      ofQuery(expr, alert, source, ['groups', group, 'rules', rule, 'expr']),
    ),
  );
  return [...findings, ...found];
}

/** The grammar is that of Prometheus' own editor: it goes on after a mistake, and marks where it is. */
function ofQuery(query: string, title: string, source: Source | undefined, at: Steps): Finding[] {
  const text = query.replaceAll(rateInterval, '5m');
  let wrong: number | null = null;
  parser.parse(text).iterate({
    enter: ({ type, from }) => {
      if (type.isError) wrong ??= from;
    },
  });
  if (wrong === null && text.trim() !== '') return [];
  const near = text.slice(wrong ?? 0).trim();
  const what = `${title}: not PromQL, ${near === '' ? 'it ends too early' : `from "${near.slice(0, 40)}" on`}`;
  return source === undefined ? [] : [{ rule: 'query', file: source.file, line: source.lineOf(at), what }];
}
