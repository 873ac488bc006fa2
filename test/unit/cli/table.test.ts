import { styleText } from 'node:util';
import { expect, test } from 'vitest';
import { table } from '../../../cli/table.ts';

test('columns are as wide as their widest cell; colours take no room', () => {
  const ok = styleText('green', 'ok', { validateStream: false });
  expect(
    table([
      ['', 'name'],
      [ok, 'a'],
      ['FAIL', 'b'],
    ]),
  ).toBe(`      name\n${ok}    a\nFAIL  b`);
});
