import type { AssessedMachine, Placed } from '../../contract/assess.ts';
import { asMarkup } from '../../contract/markup.ts';
import { formatBytes } from '../../contract/units.ts';
import { formatCpu } from '../../policy/fit/capacity.ts';

const WIDTH = 920;
const PAD = 18;
/** Where meters begin, and their width. */
const METERS = 300;
const METER = 330;
const HEAD = 92;
const CHIP = 26;
const GAP = 8;
/** About so many units a letter of a chip takes. */
const LETTER = 6.9;

/** Machines, how full they would be, and what would run on each. The same assessment gives the same bytes. */
export function machinesPicture(machines: readonly AssessedMachine[], unplaced: readonly Placed[]): string {
  const own = machines.filter(({ role }) => role !== 'seen');
  const cards: string[] = [];
  let y = 1;
  const add = (card: Card) => {
    cards.push(card.draw(y));
    y += card.height + 14;
  };
  for (const machine of own) add(machineCard(machine));
  if (unplaced.length > 0) add(homelessCard(unplaced));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y - 12}" role="img" aria-label="Machines, and what would run on each">`,
    ...cards,
    '</svg>',
  ].join('\n');
}

interface Card {
  height: number;
  draw: (y: number) => string;
}

function machineCard(machine: AssessedMachine): Card {
  const { name, role, addresses, kernel, refused } = machine;
  const chips = chipRows(machine.runs);
  const height = refused === null ? HEAD + chips.length * (CHIP + GAP) + (chips.length > 0 ? 10 : 0) : 76;
  const about = [addresses.join(', '), kernel ?? ''].filter((line) => line !== '');
  const draw = (y: number) =>
    [
      frame(y, height, refused === null ? 'card' : 'card off'),
      `<text class="name" x="${PAD}" y="${y + 28}">${asMarkup(name)}<tspan class="quiet" dx="8">${role === 'box' ? 'the box' : 'node'}</tspan></text>`,
      ...about.map((line, index) => quiet(PAD, y + 49 + index * 19, line)),
      ...(refused === null
        ? [...meters(machine, y), chipsAt(chips, y + HEAD)]
        : [
            `<text class="bad" x="${METERS}" y="${y + 28}">nothing can run here</text>`,
            quiet(METERS, y + 48, refused),
          ]),
    ].join('\n');
  return { height, draw };
}

const quiet = (x: number, y: number, text: string) =>
  `<text class="quiet" x="${x}" y="${y}">${asMarkup(text)}</text>`;

function meters({ runs, cpuMillis, memoryBytes, diskBytes }: AssessedMachine, y: number): string[] {
  const sum = (of: (run: Placed) => number) => runs.reduce((total, run) => total + of(run), 0);
  return [
    meter(
      y + 16,
      'CPU',
      sum((run) => run.cpuMillis),
      cpuMillis,
      formatCpu,
    ),
    meter(
      y + 40,
      'memory',
      sum((run) => run.memoryBytes),
      memoryBytes,
      formatBytes,
    ),
    meter(
      y + 64,
      'disk',
      sum((run) => run.diskBytes),
      diskBytes,
      formatBytes,
    ),
  ];
}

function homelessCard(unplaced: readonly Placed[]): Card {
  const chips = chipRows(unplaced);
  const height = 50 + chips.length * (CHIP + GAP);
  const draw = (y: number) =>
    [
      frame(y, height, 'card lack'),
      `<text class="name bad" x="${PAD}" y="${y + 28}">no machine has room</text>`,
      chipsAt(chips, y + 44),
    ].join('\n');
  return { height, draw };
}

const frame = (y: number, height: number, kind: string) =>
  `<rect class="${kind}" x="1" y="${y}" width="${WIDTH - 2}" height="${height}" rx="10"/>`;

/** What is asked for, of what there is. */
function meter(y: number, what: string, used: number, all: number | null, text: (amount: number) => string) {
  const share = all === null || all === 0 ? 0 : Math.min(1, used / all);
  const said = `${text(used)} of ${all === null ? 'what nobody has measured' : text(all)}`;
  const x = METERS + 66;
  return [
    `<text class="quiet" x="${METERS}" y="${y + 11}">${what}</text>`,
    `<rect class="${all === null ? 'track unknown' : 'track'}" x="${x}" y="${y}" width="${METER}" height="13" rx="4"/>`,
    share === 0
      ? ''
      : `<rect class="bar" x="${x}" y="${y}" width="${round(Math.max(4, share * METER))}" height="13" rx="4"/>`,
    `<text x="${x + METER + 12}" y="${y + 11}">${said}</text>`,
  ].join('\n');
}

interface Chip {
  label: string;
  title: string;
  width: number;
}

/** Pods of one workload are one chip. Rows are filled from the left. */
function chipRows(runs: readonly Placed[]): Chip[][] {
  const rows: Chip[][] = [];
  let left = 0;
  for (const chip of chipsOf(runs)) {
    if (rows.length === 0 || chip.width > left) {
      rows.push([]);
      left = WIDTH - 2 * PAD;
    }
    rows.at(-1)?.push(chip);
    left -= chip.width + GAP;
  }
  return rows;
}

function chipsOf(runs: readonly Placed[]): Chip[] {
  const byName = Map.groupBy(runs, ({ workload }) => workload);
  return [...byName].map(([workload, pods]) => {
    const [{ cpuMillis, memoryBytes, diskBytes } = { cpuMillis: 0, memoryBytes: 0, diskBytes: 0 }] = pods;
    const [namespace = '', name = ''] = workload.split('/');
    const times = pods.length === 1 ? '' : ` ×${pods.length}`;
    const label = `${name === namespace || namespace === 'kube-system' ? name : workload}${times}`;
    const disk = diskBytes === 0 ? '' : `, ${formatBytes(diskBytes)} of disk`;
    return {
      label,
      title: `${workload}${times}: ${formatCpu(cpuMillis)}, ${formatBytes(memoryBytes)}${disk}${times === '' ? '' : ' each'}`,
      width: Math.round(label.length * LETTER) + 22,
    };
  });
}

function chipsAt(rows: readonly (readonly Chip[])[], top: number): string {
  return rows
    .flatMap((row, index) => {
      const y = top + index * (CHIP + GAP);
      let x = PAD;
      return row.map(({ label, title, width }) => {
        const chip = `<g><title>${asMarkup(title)}</title><rect class="chip" x="${x}" y="${y}" width="${width}" height="${CHIP}" rx="6"/><text class="label" x="${x + width / 2}" y="${y + 17.5}" text-anchor="middle">${asMarkup(label)}</text></g>`;
        x += width + GAP;
        return chip;
      });
    })
    .join('\n');
}

const round = (value: number) => Math.round(value * 10) / 10;
