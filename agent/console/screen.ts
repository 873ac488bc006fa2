import { describeState } from '../../contract/encryption.ts';
import { triedToLeave } from '../../contract/firewall.ts';
import type { BoxStatus, Step } from '../../contract/status.ts';
import { recoveryHint } from './recovery.ts';

const WIDTH = 80;
const marks: Record<Step['state'], string> = {
  waiting: ' ',
  running: '>',
  done: '+',
  skipped: '-',
  failed: '!',
};
/** Source: ECMA-48: erase in page, cursor to the first place, and cursor off (DECTCEM, a DEC private mode). */
const REDRAW = '\u001b[H\u001b[2J\u001b[?25l';

/**
 * The box's screen: what it is, where it is reached, how far the boot is, what is wrong, what to do.
 * No more than 24 lines of 80 columns, ASCII, since the kernel's font may have nothing else.
 * @param addresses where the API is reached from outside.
 * @param nowMs since power-on.
 * @param recovery a passphrase that nobody has noted yet: nothing is as urgent; null for none.
 */
export function drawScreen(
  status: BoxStatus,
  addresses: readonly string[],
  nowMs: number,
  recovery: string | null,
): string {
  const { box, node, phase, steps, flux, memory, dropped } = status;
  const lines = [
    `CPiaB  ${box.site}  ${box.version.slice(0, 12)}`.padEnd(WIDTH - 10) + time(nowMs).padStart(10),
    '='.repeat(WIDTH),
    ...(addresses.length === 0 ? ['Address      none yet (no network card has a lease)'] : []),
    ...addresses.slice(0, 2).map((address, index) => `${index === 0 ? 'Address' : ''}`.padEnd(13) + address),
    `${'Fingerprint'.padEnd(13)}${groups(box.fingerprint).slice(0, 39)}`,
    `${''.padEnd(13)}${groups(box.fingerprint).slice(40)}`,
    ...(node === null ? [] : keyLines(node.key)),
    `${'State'.padEnd(13)}${describeState(box)}`,
    '',
    ...steps.map(stepLine),
    '',
    `${'Phase'.padEnd(13)}${phase}   applied ${flux.ready}/${flux.total}   memory ${megabytes(memory.used)}/${megabytes(memory.total)} MiB   egress ${triedToLeave(dropped)}`,
    ...flux.blocking.slice(0, 2).map(({ object, reason }) => `  ${object}: ${reason}`),
    ...(recovery === null ? problemLines(status) : recoveryLines(recovery)),
  ];
  return `${REDRAW}${lines.map((line) => printable(line).slice(0, WIDTH).trimEnd()).join('\n')}`;
}

/** What an operator of the box compares before approving. */
const keyLines = (key: string) => [
  `${'Node key'.padEnd(13)}${groups(key).slice(0, 39)}`,
  `${''.padEnd(13)}${groups(key).slice(40)}`,
];

const problemLines = ({ problem, nextAction }: BoxStatus) =>
  problem === null ? [] : ['', ...wrapped('Problem', problem), ...wrapped('Do next', nextAction ?? '')];

const recoveryLines = (passphrase: string) => [
  '',
  ...wrapped('Recovery', passphrase),
  ...wrapped('', recoveryHint),
];

function stepLine({ name, state, startedMs, tookMs, detail }: Step): string {
  const took = tookMs === null ? '' : time(tookMs);
  const since = startedMs === null ? '' : time(startedMs);
  return ` ${marks[state]} ${name.padEnd(9)}${since.padStart(9)}${took.padStart(9)}  ${detail}`;
}

function wrapped(title: string, text: string): string[] {
  const width = WIDTH - 13;
  const words = text.split(/\s+/);
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + word.length >= width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  lines.push(line);
  return lines.slice(0, 3).map((content, index) => (index === 0 ? title : '').padEnd(13) + content);
}

/** A fingerprint in groups of four, easy to compare by eye. */
const groups = (hex: string) => hex.match(/.{1,4}/g)?.join(' ') ?? '';
/** What others wrote, such as a pod's message, must not move the cursor or break the line. */
const printable = (text: string) => text.replace(/[^ -~]/g, '?');
const time = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
