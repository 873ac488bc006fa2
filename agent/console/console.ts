import { networkInterfaces } from 'node:os';
import { ports } from '../../contract/layout.ts';
import type { BoxReport } from '../report/report.ts';
import { openConsole, serialConsoles } from './device.ts';
import { type Recovery, recoveryHint } from './recovery.ts';
import { drawScreen } from './screen.ts';
import { SerialReport } from './serial.ts';

const TICK_MS = 1000;
/** A screen that stands still looks dead; drawing it costs little, but not nothing. */
const REDRAW_MS = 10_000;

/** Shows the report on the first screen and on every serial console, until the signal. */
export function showOnConsoles(
  report: BoxReport,
  recovery: Pick<Recovery, 'passphrase'>,
  now: () => number,
  signal: AbortSignal,
): void {
  const screen = openConsole('/dev/tty1');
  const serials = serialConsoles().flatMap((path) => openConsole(path) ?? []);
  const draw = () => screen?.write(drawScreen(report.snapshot(), apiAddresses(), now(), recovery.passphrase));
  const lines = serials.map((device) => new SerialReport(report, (text) => device.write(text), now));
  report.onChange((change) => change === 'phase' && draw());
  draw();
  const { passphrase } = recovery;
  if (passphrase !== null)
    for (const serial of serials) serial.write(`recovery ${passphrase} ${recoveryHint}\n`);
  let drawn = now();
  const timer = setInterval(() => {
    for (const serial of lines) serial.tick();
    if (now() - drawn < REDRAW_MS) return;
    drawn = now();
    draw();
  }, TICK_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** Whether an interface is one that leads out of the machine. */
export const isCardName = (name: string) => /^(en|eth|wl|bond|br-)/.test(name);

/** `https://…` for every address that a card has; not the node's fixed one, which only the box itself reaches. */
export function apiAddresses(interfaces = networkInterfaces()): string[] {
  return Object.entries(interfaces)
    .filter(([name]) => isCardName(name))
    .flatMap(([, found = []]) => found)
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ family, address }) => `https://${family === 'IPv6' ? `[${address}]` : address}:${ports.api}`);
}
