import { expect, test } from 'vitest';
import { isEmulation } from '../../../../agent/emulation.ts';
import { patient } from '../../../../agent/postcheck/patient.ts';

test.each([
  ['QEMU TCG CPU version 2.5+', true],
  ['QEMU Virtual CPU version 2.5+', false],
  ['AMD EPYC', false],
  ['', false],
])('a processor called %s is emulated: %s', (name, emulated) => {
  expect(isEmulation(name)).toBe(emulated);
});

test('a limit is longer where programs are slower', () => {
  expect([patient(60_000, false), patient(60_000, true)]).toEqual([60_000, 240_000]);
});
