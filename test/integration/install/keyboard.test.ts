import { expect, test } from 'vitest';
import { keyboards } from '../../../agent/install/machine.ts';
import { linesOf } from '../../../agent/install/question.ts';
import { TypedTerminal } from '../../support/typed-terminal.ts';

test('what is typed at a terminal is a line when Enter is pressed, on a screen and at a serial line', async () => {
  const stop = new AbortController();
  const terminal = await TypedTerminal.open();
  try {
    const ask = linesOf(keyboards(['/dev/none', terminal.path]), stop.signal);
    const first = ask();
    terminal.type('nonsense\r');
    expect(await first).toBe('nonsense');
    terminal.type('erase ');
    terminal.type('vda\n');
    expect(await ask()).toBe('erase vda');
  } finally {
    stop.abort();
    terminal.close();
  }
});
