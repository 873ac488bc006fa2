import { describe, expect, test } from 'vitest';
import { diskLayout, sfdiskScript } from '../../../contract/disk-layout.ts';

const MIB = 2 ** 20;
const layout = diskLayout((part) => part, 486 * MIB + 1, 2048 * MIB);
const parts = Object.values(layout.partitions);

describe('diskLayout', () => {
  test('puts one partition after the other, on whole mebibytes, with room for the table at both ends', () => {
    for (const [index, { start }] of parts.entries()) {
      const before = parts[index - 1];
      expect(start).toBe(before === undefined ? MIB : before.start + before.size);
      expect(start % MIB).toBe(0);
    }
    const last = parts.at(-1);
    expect(last?.name).toBe('cpiab-data');
    expect(layout.size - (last?.start ?? 0) - (last?.size ?? 0)).toBeGreaterThanOrEqual(33 * 512);
  });

  test('gives both slots room for twice what is in one', () => {
    const { slotA, slotB } = layout.partitions;
    expect(slotA.size).toBe(1024 * MIB);
    expect(slotB.size).toBe(slotA.size);
  });
});

test('sfdiskScript counts in sectors', () => {
  const script = sfdiskScript(layout).split('\n');
  expect(script.slice(0, 3)).toEqual(['label: gpt', `label-id: ${layout.uuid}`, 'unit: sectors']);
  expect(script[3]).toMatch(/^start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid=/);
});
