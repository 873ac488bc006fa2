import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { detectLicences } from '../../../../builder/licences/detect.ts';
import { declaredLicence } from '../../../../builder/licences/licence.ts';

const repository = join(dirname(import.meta.dirname), '..', '..', '..');
const licenceOf = (name: string) => readFileSync(join(repository, 'node_modules', name, 'LICENSE'), 'utf8');
const BSD = `Redistribution and use in source and binary forms, with or without modification, are permitted:
1. Redistributions of source code must retain the above copyright notice.
2. Redistributions in binary form must reproduce the above copyright notice.`;
const NEITHER = '3. Neither the name of the author nor the names of others may be used to endorse products.';

describe('a text', () => {
  test("is known in real copies: this repository's and those of its packages", () => {
    expect(detectLicences(readFileSync(join(repository, 'LICENSE'), 'utf8'))).toEqual(['Apache-2.0']);
    expect(detectLicences(licenceOf('zod'))).toEqual(['MIT']);
    expect(detectLicences(licenceOf('yaml'))).toEqual(['ISC']);
  });

  test('of two clauses is not taken for that of three, nor one with more conditions for either', () => {
    expect(detectLicences(BSD)).toEqual(['BSD-2-Clause']);
    expect(detectLicences(`${BSD}\n${NEITHER}`)).toEqual(['BSD-3-Clause']);
    expect(detectLicences(`${BSD}\nAll advertising materials must say so.\n${NEITHER}`)).toEqual([]);
    expect(detectLicences(`${BSD}\n${NEITHER}\nNot for use in nuclear facilities.`)).toEqual([]);
  });

  test('that has two licences is both', () => {
    expect(detectLicences(`${licenceOf('zod')}\n\n${BSD}\n${NEITHER}`)).toEqual(['BSD-3-Clause', 'MIT']);
  });

  test('with a condition that the licence does not have is not that licence', () => {
    expect(detectLicences(`${licenceOf('zod')}\nThe Software shall be used for Good, not Evil.`)).toEqual([]);
    expect(detectLicences(`"Commons Clause" License\n${licenceOf('zod')}`)).toEqual([]);
    expect(detectLicences('All rights reserved.')).toEqual([]);
  });

  test('broken into comment lines is the same', () => {
    expect(detectLicences(licenceOf('zod').replaceAll(/^/gm, ' * '))).toEqual(['MIT']);
  });
});

describe('what a package declares', () => {
  test.each([
    'MIT',
    'GPL-2.0-only WITH Linux-syscall-note',
    '(MIT OR Apache-2.0)',
    'GPL-2.0-or-later AND (MIT OR ISC)',
  ])('%s is taken as it is', (text) => {
    expect(declaredLicence(text).expression).toBe(text);
  });

  test.each([
    'BSD',
    'custom',
    'MIT OR',
    'MIT Apache-2.0',
    '(MIT',
    'MIT WITH MIT',
    'SEE LICENSE IN LICENSE',
    '',
    null,
  ])('%s is no expression that SPDX knows', (text) => {
    expect(declaredLicence(text).expression).toBe('NOASSERTION');
  });
});
