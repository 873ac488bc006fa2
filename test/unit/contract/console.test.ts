import { describe, expect, test } from 'vitest';
import { type ConsoleLine, consolePrefix, parseConsoleLine } from '../../../contract/console.ts';

const line: ConsoleLine = {
  phase: 'verify',
  step: 'verify',
  ms: 1234,
  fingerprint: 'ab'.repeat(32),
  problem: null,
  nextAction: null,
};

describe('parseConsoleLine', () => {
  test('reads a report, also behind what a kernel or terminal put before it', () => {
    const text = consolePrefix + JSON.stringify(line);
    expect(parseConsoleLine(text)).toEqual(line);
    expect(parseConsoleLine(`\u001B[2J[    3.14] ${text}`)).toEqual(line);
  });

  test('takes no notice of members that a newer box adds', () => {
    expect(parseConsoleLine(consolePrefix + JSON.stringify({ ...line, added: 1 }))).toEqual(line);
  });

  test.each([
    '',
    'Debian GNU/Linux 13',
    consolePrefix,
    `${consolePrefix}{`,
    `${consolePrefix}{}`,
    `${consolePrefix}null`,
    consolePrefix + JSON.stringify({ ...line, phase: 'asleep' }),
    consolePrefix + JSON.stringify({ ...line, ms: -1 }),
    (consolePrefix + JSON.stringify(line)).slice(0, -1),
  ])('gives null for anything else: %j', (text) => {
    expect(parseConsoleLine(text)).toBeNull();
  });
});
