/** A licence by what its text has and what it doesn't. */
interface Mark {
  id: string;
  has: RegExp[];
  not?: RegExp;
}

/** Words as they are written in every copy; spaces and line ends are one space before they are looked for. */
const marks: readonly Mark[] = [
  { id: 'Apache-2.0', has: [/Apache License,? Version 2\.0/i, /apache\.org\/licenses/] },
  {
    id: 'MIT',
    has: [
      /Permission is hereby granted, free of charge, to any person obtaining a copy of this software/,
      /THE SOFTWARE IS PROVIDED ["“”']*AS IS["“”']*, WITHOUT WARRANTY OF ANY KIND/,
    ],
    not: /shall be used for Good|advertising or otherwise to promote/,
  },
  {
    id: 'BSD-3-Clause',
    has: [
      /Redistribution and use in source and binary forms, with or without modification/,
      /Neither the names? (?:of )?|nor the names of/,
    ],
    not: /All advertising materials|military|nuclear/i,
  },
  {
    id: 'BSD-2-Clause',
    has: [
      /Redistribution and use in source and binary forms, with or without modification/,
      /Redistributions in binary form must reproduce/,
    ],
    not: /Neither the name|nor the names|All advertising materials|may not be used to endorse|military|nuclear/i,
  },
  {
    id: 'ISC',
    has: [
      /Permission to use, copy, modify, and(?:\/or)? distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies/,
    ],
  },
  { id: 'MPL-2.0', has: [/Mozilla Public License,? Version 2\.0/i, /Covered Software/] },
];

/** A condition that none of these licences has. */
const STRANGE = /Commons Clause|Business Source License|Server Side Public License/i;

/**
 * Which well-known licences a text is, sorted; none when it isn't sure.
 * Sources: the texts of the SPDX License List.
 */
export function detectLicences(text: string): string[] {
  const plain = text.replaceAll(/[\s*#]+/g, ' ');
  if (STRANGE.test(plain)) return [];
  return marks
    .filter(({ has, not }) => has.every((mark) => mark.test(plain)) && !not?.test(plain))
    .map(({ id }) => id)
    .toSorted();
}
