import { type AssessedMachine, type Assessment, type FitCheck, fitGroups } from '../../contract/assess.ts';
import { asMarkup } from '../../contract/markup.ts';
import { machinesPicture } from './picture.ts';
import { inOrder, verdictLine, verdictWords } from './text.ts';

/** Colours are those of a box's console; so is their contrast. */
const STYLE = `:root{color-scheme:light dark;--ink:#1a1e1f;--quiet:#566065;--paper:#f5f6f5;--card:#fff;--line:#dde2e0;--accent:#12665a;--good:#14663f;--good-soft:#e2f2e9;--busy:#0a4fbd;--busy-soft:#e6eefb;--bad:#a8221b;--bad-soft:#fbe9e7;--quiet-soft:#eceeed}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebea;--quiet:#a3adb0;--paper:#101314;--card:#181c1d;--line:#2d3436;--accent:#6fc7b2;--good:#7ddba8;--good-soft:#15301f;--busy:#94bbff;--busy-soft:#17263f;--bad:#ff9a90;--bad-soft:#3a1a18;--quiet-soft:#24292b}}
*{box-sizing:border-box}body{font:.9375rem/1.55 system-ui,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;max-width:62rem;margin:0 auto;padding:2rem 1.25rem 3rem;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin:0 0 .75rem}h2{font-size:1.0625rem;margin:2rem 0 .6rem}
.verdict{border-left:4px solid;border-radius:6px;padding:.7rem 1rem;font-weight:600;margin:0}.fits{color:var(--good);background:var(--good-soft)}.fits-with-remarks{color:var(--busy);background:var(--busy-soft)}.does-not-fit{color:var(--bad);background:var(--bad-soft)}
.sheet{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow-x:auto}table{border-collapse:collapse;width:100%;table-layout:fixed;min-width:40rem}col.narrow{width:8.5rem}td{overflow-wrap:anywhere}th,td{text-align:left;padding:.45rem .9rem;vertical-align:top;border-top:1px solid var(--line)}tr:first-child>*{border-top:0}th{color:var(--quiet);font-weight:500;font-size:.875rem}td:first-child{white-space:nowrap}
.mark{display:inline-block;padding:0 .5rem;border-radius:999px;font-size:.8125rem;font-weight:600}.mark.pass{color:var(--good);background:var(--good-soft)}.mark.remark{color:var(--busy);background:var(--busy-soft)}.mark.fail,.mark.unknown{color:var(--bad);background:var(--bad-soft)}.mark.idle{color:var(--quiet);background:var(--quiet-soft)}
svg{display:block;width:100%;height:auto;font:13px system-ui,sans-serif}svg text{fill:var(--ink)}svg .name{font-weight:600;font-size:15px}svg .quiet,svg tspan.quiet{fill:var(--quiet);font-weight:400;font-size:13px}svg .bad{fill:var(--bad)}svg .card{fill:var(--card);stroke:var(--line)}svg .off{fill:none;stroke-dasharray:5 4}svg .lack{fill:var(--bad-soft);stroke:var(--bad)}svg .track{fill:var(--quiet-soft);stroke:var(--line)}svg .unknown{fill:none;stroke-dasharray:4 3}svg .bar{fill:var(--accent)}svg .chip{fill:var(--good-soft)}svg .lack~g .chip{fill:var(--card)}svg .label{font-size:12.5px}
p.note{color:var(--quiet);margin:.6rem 0 0}@media print{body{background:#fff}}`;

/** The assessment for people: one file, no scripts, nothing from elsewhere. */
export function assessmentHtml(assessment: Assessment): string {
  const { subject, verdict, checks, machines, unplaced } = assessment;
  const groups = fitGroups.filter((group) => checks.some((check) => check.group === group));
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${asMarkup(subject)}: ${verdictWords[verdict]}</title><style>${STYLE}</style></head><body>`,
    `<h1>Does ${asMarkup(subject)} fit there?</h1>`,
    `<p class="verdict ${verdict}">${asMarkup(verdictLine(assessment))}</p>`,
    ...picture(machines, unplaced),
    ...groups.flatMap((group) => checkTable(group, checks)),
    ...seenTable(machines),
    '</body></html>\n',
  ].join('\n');
}

function picture(machines: Assessment['machines'], unplaced: Assessment['unplaced']): string[] {
  if (machines.every(({ role }) => role === 'seen')) return [];
  return [
    '<h2>What would run where</h2>',
    machinesPicture(machines, unplaced),
    '<p class="note">One way in which all that is asked for finds room, the largest first. A scheduler may choose another.</p>',
  ];
}

const titles: Record<FitCheck['group'], string> = {
  ...{ capacity: 'Capacity', machines: 'Machines', addresses: 'Addresses' },
  ...{ services: 'Services', versions: 'Versions' },
};

function checkTable(group: FitCheck['group'], checks: readonly FitCheck[]): string[] {
  const own = inOrder(checks.filter((check) => check.group === group));
  const rows = own.map((check) => [mark(check), ...[check.what, check.needed, check.found].map(asMarkup)]);
  return [`<h2>${titles[group]}</h2>`, table(['', 'what', 'needed', 'found'], rows)];
}

/** What is unknown weighs only where it is needed. */
const mark = ({ result, required }: FitCheck) =>
  `<span class="mark ${result === 'unknown' && !required ? 'idle' : result}">${result === 'unknown' ? 'not measured' : result}</span>`;

function seenTable(machines: readonly AssessedMachine[]): string[] {
  const seen = machines.filter(({ role }) => role === 'seen');
  if (seen.length === 0) return [];
  const rows = seen.map(({ name, addresses, services }) =>
    [name, addresses.join(', '), services.join(' ')].map(asMarkup),
  );
  return ['<h2>Who else answers there</h2>', table(['name', 'address', 'services'], rows)];
}

/** @param rows as HTML. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<div class="sheet"><table>${head[0] === '' ? '<col class="narrow">' : ''}${line('th', head)}${rows.map((row) => line('td', row)).join('')}</table></div>`;
}
