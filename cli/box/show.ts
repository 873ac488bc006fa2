import { stripVTControlCharacters, styleText } from 'node:util';
import { describeState } from '../../contract/encryption.ts';
import { type Dropped, dropReasonNames, triedToLeave } from '../../contract/firewall.ts';
import type { BoxStatus, UpdateStatus } from '../../contract/status.ts';
import { formatBytes, formatDuration } from '../../contract/units.ts';

const firmwareNames: Record<BoxStatus['box']['firmware'], string> = {
  bios: 'BIOS',
  uefi: 'UEFI',
  'secure-boot': 'UEFI with Secure Boot',
};
const LABEL = 9;
const NARROWEST = 40;

/** Where a status is shown. */
export interface Place {
  columns: number;
  /** Whose colours count; without it there are none. */
  stream?: NodeJS.WriteStream;
}

type Fact = [label: string, text: string, tone?: 'red' | 'green' | 'cyan'];

/** Which slot runs, what lies in the other one, and how the last change of version ended. */
function slotFacts({ slots, update }: Pick<BoxStatus, 'slots' | 'update'>): Fact[] {
  if (slots === null) return [];
  const { running, standing, tries, other } = slots;
  const trial = standing === 'trial' ? `, on trial with ${tries} tries left` : '';
  const beside = other === null ? 'no version' : `${other.revision.slice(0, 12)}, sequence ${other.sequence}`;
  const last: Fact[] = update === null ? [] : [['update', updateLine(update)]];
  return [['slot', `${running} runs${trial}; the other has ${beside}`], ...last];
}

/** Such as `update 12 to 14: fell-back: its agent ended 5 times`. */
export function updateLine({ what, from, to, state, reason, detail }: UpdateStatus): string {
  const versions = `${what} ${from.sequence} to ${to?.sequence ?? '?'}`;
  return [versions, state, ...[reason, detail].filter((text) => text)].join(': ');
}

/** A box's state for people: what is wrong and what to do come first. */
export function statusText(status: BoxStatus, place: Place = { columns: 100 }): string {
  const { box, phase, problem, nextAction, uptimeMs } = status;
  const head = `${box.site}: ${phase}`;
  const wrong: Fact[] = [
    ...(problem === null ? [] : [['problem', problem, 'red'] satisfies Fact]),
    ...(nextAction === null ? [] : [['next', nextAction] satisfies Fact]),
  ];
  const facts = [...wrong, ...clusterFacts(status), ...boxFacts(status), ...slotFacts(status)];
  const tone = problem === null && phase === 'ready' ? 'green' : 'cyan';
  const title = paint(head, problem === null ? tone : 'red', place);
  return [
    `${title}, on for ${formatDuration(uptimeMs)}`,
    ...facts.flatMap((fact) => lines(fact, place)),
  ].join('\n');
}

/** One line for a log: where the box is, and the first thing that holds it. */
export function statusLine({ box, phase, problem, flux, steps }: BoxStatus): string {
  const doing = steps.find(({ state }) => state === 'running')?.detail ?? '';
  const [held] = flux.blocking;
  const why = problem ?? (held === undefined ? doing : `${held.object}: ${held.reason}`);
  const applied = flux.total === 0 ? '' : `, ${flux.ready} of ${flux.total} applied`;
  return stripVTControlCharacters(`${box.site}: ${phase}${applied}${why === '' ? '' : `: ${why}`}`);
}

function clusterFacts(status: BoxStatus): Fact[] {
  const { git, pull, flux, nodes, expansion, images, dropped, podNetwork, alerts, memory } = status;
  const short = (commit: string | null) => commit?.slice(0, 12) ?? 'none';
  const outside = images.notInBundle;
  const left = triedToLeave(dropped);
  return [
    [
      'git',
      git.head === git.applied
        ? `${short(git.head)}, applied`
        : `${short(git.head)}, applied ${short(git.applied)}`,
    ],
    ...(pull === null ? [] : [pullFact(pull)]),
    ['flux', `${flux.ready} of ${flux.total} ready`],
    ...flux.blocking.map(({ object, reason }) => ['', `${object}: ${reason}`, 'cyan'] satisfies Fact),
    [
      'nodes',
      nodes
        .map(({ name, ready, version }) => `${name} ${version} ${ready ? 'ready' : 'not ready'}`)
        .join(', ') || 'none yet',
    ],
    ...(expansion === null ? [] : [expansionFact(expansion)]),
    outside.length === 0
      ? ['images', `${images.running} running, all of the bundle`]
      : ['images', `${images.running} running, not of the bundle: ${outside.join(', ')}`, 'red'],
    left === 0 ? ['egress', 'none tried'] : ['egress', `${left} packets refused`, 'red'],
    ['dropped', droppedText(dropped)],
    ...(podNetwork === null ? [] : [podNetworkFact(podNetwork)]),
    ...alertFacts(alerts),
    ['memory', `${formatBytes(memory.used)} of ${formatBytes(memory.total)}`],
  ];
}

/** Such as `running: 1 of 2 machines are nodes, 0 pods moved; worker-2 is approved, and not a Ready node yet`. */
function expansionFact({ state, machines, moved, detail }: NonNullable<BoxStatus['expansion']>): Fact {
  const { joined, total } = machines;
  const text = `${state}: ${joined} of ${total} machines are nodes, ${moved} pods moved${detail && `; ${detail}`}`;
  return state === 'halted' ? ['expand', text, 'red'] : ['expand', text, 'cyan'];
}

/** Such as `port 12, chatter 340`: what was dropped most comes first. */
function droppedText(dropped: Dropped): string {
  const some = dropReasonNames.filter((reason) => dropped[reason] > 0);
  const sorted = some.toSorted((a, b) => dropped[b] - dropped[a]);
  return sorted.map((reason) => `${reason} ${dropped[reason]}`).join(', ') || 'no packets';
}

/** Such as `nftables enforces 3 policies for 5 pods, 12 packets denied; vxlan to 2 nodes`. */
function podNetworkFact(network: NonNullable<BoxStatus['podNetwork']>): Fact {
  const { backend, nodes, policies, isolatedPods, denied, problem } = network;
  if (problem !== '') return ['policies', problem, 'red'];
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const rules = policies === 0 ? 'none yet' : `${policies} for ${count(isolatedPods, 'pod')}`;
  const packets = count(denied.ingress + denied.egress, 'packet');
  const tunnel = nodes === 0 ? '' : `; ${backend} to ${count(nodes, 'node')}`;
  return ['policies', `${rules}, enforced by nftables, ${packets} denied${tunnel}`];
}

/** Such as `critical BoxProblem: the box tells of a problem`, a line for each; what is silenced is counted. */
function alertFacts(alerts: BoxStatus['alerts']): Fact[] {
  if (alerts === null) return [];
  if (alerts.problem !== '') return [['alerts', alerts.problem, 'red']];
  const loud = alerts.firing.filter(({ suppressed }) => !suppressed);
  const quiet = alerts.firing.length - loud.length;
  const count = `${loud.length === 0 ? 'none' : loud.length} firing${quiet === 0 ? '' : `, ${quiet} silenced`}`;
  const named = loud.map(({ name, severity, summary, runbook }): Fact => {
    const text = `${severity} ${name}: ${summary}${runbook === '' ? '' : ` (${runbook})`}`;
    return severity === 'critical' ? ['', text, 'red'] : ['', text, 'cyan'];
  });
  return [['alerts', count], ...named];
}

/** Such as `pull current: main of https://…, 8c1f5f2b7d0e`. */
function pullFact({ url, branch, state, head, detail }: NonNullable<BoxStatus['pull']>): Fact {
  const found = head === null ? [] : [head.slice(0, 12)];
  const text = [`${state}: ${branch} of ${url}`, ...found, ...(detail === '' ? [] : [detail])].join(', ');
  return state === 'refused' || state === 'diverged' ? ['pull', text, 'red'] : ['pull', text];
}

function boxFacts({ box, backup, seed }: BoxStatus): Fact[] {
  return [
    ['bundle', `sequence ${box.sequence}, commit ${box.version.slice(0, 12)}`],
    ['box', `${box.id}, state ${describeState(box)}, started by ${firmwareNames[box.firmware]}`],
    ...(seed === null ? [] : [['seed', seedText(seed)] satisfies Fact]),
    ['backup', backupText(backup)],
    ['key', box.fingerprint],
  ];
}

const seedText = ({ hostname, origin, kept }: NonNullable<BoxStatus['seed']>) =>
  `${hostname}, ${kept ? 'from the copy on the data disk' : `from the ${origin}`}`;

function backupText({ newest, count, everyHours, disk }: BoxStatus['backup']): string {
  const kept = newest === null ? 'none on the box' : `${count} on the box, the newest of ${newest}`;
  const every = everyHours === null ? [] : [`one every ${everyHours} h`];
  const copies =
    disk === null ? [] : [disk.problem || `${disk.count} on the disk, the newest of ${disk.newest}`];
  return [kept, ...every, ...copies].join('; ');
}

/** A fact with its text wrapped beside its label. What others wrote does not control the terminal. */
function lines([label, text, tone]: Fact, place: Place): string[] {
  const width = Math.max(NARROWEST, place.columns) - LABEL;
  const plain = stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ');
  return wrap(plain, width).map((line, index) => {
    const shown = tone === undefined ? line : paint(line, tone, place);
    return (index === 0 ? label : '').padEnd(LABEL) + shown;
  });
}

function wrap(text: string, width: number): string[] {
  const found: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      found.push(line);
      line = word;
    } else line = longer;
  }
  return [...found, line];
}

const paint = (text: string, tone: 'red' | 'green' | 'cyan', { stream }: Place) =>
  stream === undefined ? text : styleText(tone, text, { stream });
