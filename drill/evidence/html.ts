import type { DrillReport } from '../../contract/drill/report.ts';
import { asMarkup } from '../../contract/markup.ts';
import { formatDuration } from '../../contract/units.ts';
import { timelinePicture } from './picture.ts';

type Content = Omit<DrillReport, 'files'>;

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.2rem 1rem .2rem 0;border-bottom:1px solid #d5dae0;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums}.pass{color:#1a6b3c}.fail,.not-measured{color:#b3261e;font-weight:600}
code{font-size:.85em;overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#101214}th,td{border-color:#31363d}.pass{color:#6fc7b2}.fail,.not-measured{color:#ff8a80}}`;

/** The report for people: one file, no scripts, nothing from elsewhere. What counts is the signed report beside it. */
export function reportHtml(report: Content): string {
  const { name, id, outcome, verdict, stopped } = report;
  const sentence = `${outcome === 'moved' ? 'The workload moved to bank B' : 'Writes went back to bank A'}; the drill has <span class="${verdict === 'passed' ? 'pass' : 'fail'}">${verdict}</span>.`;
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>Drill ${asMarkup(name)}: ${verdict}</title><style>${STYLE}</style></head><body>`,
    `<h1>Drill ${asMarkup(name)}</h1><p>${sentence} Begun ${time(report.started)}, ${formatDuration(report.ended - report.started)}, drill ${id}.</p>`,
    stopped === null ? '' : `<p>Stopped at ${stopped.step}: ${asMarkup(stopped.why)}</p>`,
    '<h2>Time</h2>',
    timelinePicture(report),
    '<h2>Limits</h2>',
    rows(['limit', 'allowed', 'measured', 'result'], limitRows(report)),
    '<h2>Workload</h2>',
    rows(['part', 'acknowledged writes', 'lost', 'RTO'], workloadRows(report)),
    '<h2>Faults</h2>',
    report.faults.length === 0 ? '<p>None.</p>' : rows(['fault', 'injected'], faultRows(report)),
    '<h2>Logs of the boxes</h2>',
    rows(
      ['bank', 'entries', 'root', 'key'],
      report.logs.map(({ bank, size, root, fingerprint }) => [
        bank,
        String(size),
        code(root),
        code(fingerprint),
      ]),
    ),
    '<h2>Versions</h2>',
    rows(
      ['program', 'version'],
      Object.entries(report.versions).map(([program, version]) => [program, asMarkup(version)]),
    ),
    `<p>Check it: <code>cpiab drill verify DIRECTORY --key minisign.pub</code></p>`,
    '</body></html>\n',
  ].join('\n');
}

const limitRows = ({ limits }: Content) =>
  limits.map(({ limit, allowed, measured, result }) => [
    ...[asMarkup(limit), String(allowed), measured === null ? '–' : String(measured)],
    `<span class="${result}">${result}</span>`,
  ]);

const workloadRows = ({ workload }: Content) =>
  workload.map(({ part, acknowledged, lost, rtoMs }) => [
    ...[part, String(acknowledged ?? '–'), String(lost ?? '–')],
    rtoMs === null ? '–' : formatDuration(rtoMs),
  ]);

const faultRows = ({ faults }: Content) =>
  faults.map(({ fault, injected }) => [
    code(JSON.stringify(fault)),
    injected === null ? 'never: its step was not reached' : time(injected),
  ]);

/** @param cells as HTML. */
function rows(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const line = (tag: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}>${text}</${tag}>`).join('')}</tr>`;
  return `<table>${line('th', head)}${cells.map((row) => line('td', row)).join('')}</table>`;
}

const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const code = (text: string) => `<code>${asMarkup(text)}</code>`;
