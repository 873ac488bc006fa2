import type { DrillReport } from '../../contract/drill/report.ts';
import { timeMarks } from '../../contract/timeline.ts';
import { formatDuration } from '../../contract/units.ts';

const WIDTH = 860;
const LEFT = 130;
const RIGHT = 90;
const ROW = 22;
const MARKS = 8;
const STYLE =
  'svg{font:12px system-ui,sans-serif;width:100%}text{fill:#1b1f24}.mark{stroke:#d5dae0}.bar{fill:#2f6f62}.back{fill:#8b949e}.open{fill:#b3261e}.fault{stroke:#b3261e;stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#e6e8eb}.mark{stroke:#31363d}.bar{fill:#6fc7b2}.open{fill:#ff8a80}.fault{stroke:#ff8a80}}';

/** A bar for each step on one axis, and a line where a fault began. The same report gives the same bytes. */
export function timelinePicture({
  steps,
  faults,
  started,
  ended,
}: Pick<DrillReport, 'steps' | 'faults' | 'started' | 'ended'>): string {
  const span = Math.max(1, ended - started);
  const bottom = steps.length * ROW + 8;
  const at = (time: number) =>
    Math.round((LEFT + ((time - started) / span) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
  const rows = steps.map(({ step, begun, ended: end, takenBack }, index) => {
    const [y, left, right] = [index * ROW + 4, at(begun), at(end ?? ended)];
    const kind = end === null ? 'open' : finished(takenBack);
    const said = `${formatDuration((end ?? ended) - begun)}${takenBack ? ', taken back' : ''}`;
    return `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${step}</text><rect class="${kind}" x="${left}" y="${y}" width="${Math.max(2, right - left)}" height="${ROW - 6}" rx="2"/><text x="${right + 6}" y="${y + 13}">${said}</text>`;
  });
  const marks = timeMarks(span, MARKS).map((ms) => {
    const x = at(started + ms);
    return `<line class="mark" x1="${x}" x2="${x}" y1="0" y2="${bottom}"/><text x="${x}" y="${bottom + 16}" text-anchor="middle">${ms / 1000} s</text>`;
  });
  const injected = faults.flatMap(({ injected: time }) =>
    time === null ? [] : [`<line class="fault" x1="${at(time)}" x2="${at(time)}" y1="0" y2="${bottom}"/>`],
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 24}" role="img" aria-label="Steps of the drill in time">`,
    `<style>${STYLE}</style>`,
    ...marks,
    ...rows,
    ...injected,
    '</svg>',
  ].join('\n');
}

const finished = (takenBack: boolean) => (takenBack ? 'back' : 'bar');
