import { describe, expect, test } from 'vitest';
import { debianLicence } from '../../../../builder/licences/dep5.ts';

const FORMAT = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n';
const files = (...licences: string[]) =>
  `${FORMAT}\n${licences.map((licence) => `Files: *\nCopyright: somebody\nLicense: ${licence}\n`).join('\n')}`;
const expression = (...licences: string[]) => debianLicence(files(...licences)).expression;

describe('a machine-readable copyright file', () => {
  test.each([
    ['GPL-2', 'GPL-2.0-only'],
    ['GPL-2+', 'GPL-2.0-or-later'],
    ['LGPL-2.1+', 'LGPL-2.1-or-later'],
    ['GFDL-NIV-1.3+', 'GFDL-1.3-no-invariants-or-later'],
    ['Expat', 'MIT'],
    ['BSD-3-clause', 'BSD-3-Clause'],
    ['CC0-1.0', 'CC0-1.0'],
    ['GPL-1+ or Artistic-2', '(GPL-1.0-or-later OR Artistic-2.0)'],
    ['GPL-2+ and Expat or ISC', '((GPL-2.0-or-later AND MIT) OR ISC)'],
    ['GPL-2+ or Expat, and ISC', '((GPL-2.0-or-later OR MIT) AND ISC)'],
    ['GPL-2 with Linux-syscall-note exception', 'GPL-2.0-only WITH Linux-syscall-note'],
  ])('%s is %s', (name, spdx) => {
    expect(expression(name)).toBe(spdx);
  });

  test('names the licences of all files, each once and in order', () => {
    expect(expression('ISC', 'Expat', 'ISC', 'GPL-2+ or Expat')).toBe(
      '(GPL-2.0-or-later OR MIT) AND ISC AND MIT',
    );
  });

  test('gives what SPDX has no identifier for, with its text, wherever that stands', () => {
    const text = `${files('public-domain', 'GPL-3+ with Bison exception')}\nLicense: public-domain\n No rights\n .\n are kept.\n`;
    const { expression: found, own } = debianLicence(text);
    expect(found).toBe(
      own
        .map(({ id }) => id)
        .toSorted()
        .join(' AND '),
    );
    expect(own).toEqual([
      {
        id: expect.stringMatching(/^LicenseRef-public-domain-[0-9a-f]{8}$/),
        name: 'public-domain',
        text: 'No rights\n\nare kept.',
      },
      {
        id: expect.stringMatching(/^LicenseRef-GPL-3-with-Bison-exception-[0-9a-f]{8}$/),
        name: 'GPL-3+ with Bison exception',
        text: 'The package calls it: GPL-3+ with Bison exception',
      },
    ]);
  });

  test('of the same name and another text is another licence', () => {
    const one = debianLicence(`${files('custom')}\nLicense: custom\n One.\n`).own[0]?.id;
    const other = debianLicence(`${files('custom')}\nLicense: custom\n Other.\n`).own[0]?.id;
    expect(one).not.toBe(other);
  });

  test('says nothing for sure where it has another form, or no files', () => {
    for (const text of ['This is free software under the GPL.', FORMAT, ''])
      expect(debianLicence(text)).toEqual({ expression: 'NOASSERTION', own: [] });
  });
});
