/** A small generator of numbers below 1, the same for the same seed (mulberry32, public domain). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What parsers trip over: ends of ranges, names of JavaScript's own, marks of YAML, JSON and HTTP. */
const tokens = [
  ...[
    '0',
    '-1',
    '1e309',
    '9007199254740993',
    '0x10',
    'null',
    'true',
    '""',
    '[]',
    '{}',
    '[[[[',
    '{"a":',
    '\u0000',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '&a [*a, *a]',
    '*a',
    '<<: *a',
    '!!binary x',
    '? ',
    '- ',
    '\t',
    '\r\n',
  ],
  ...[
    '\r\n\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    '../',
    '%2e%2e/',
    '\ufeff',
    '\ud800',
    '=',
  ],
];

/** Changes a copy of a seed in one to eight places: bits, cuts, repeats, tokens, parts of another seed. */
export function mutate(seed: Buffer, other: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const piece = (from: Buffer) => from.subarray(below(from.length + 1)).subarray(0, below(64));
  const insert = (at: number, gone: number, what: Buffer) =>
    Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at + gone)]);
  const changes: ((at: number) => Buffer)[] = [
    (at) => insert(at, 1, Buffer.of(below(256))),
    (at) => insert(at, below(32), Buffer.of()),
    (at) => insert(at, 0, piece(bytes)),
    (at) => insert(at, below(16), piece(other)),
    (at) => insert(at, 0, Buffer.from(tokens[below(tokens.length)] ?? '')),
    (at) => insert(at, 0, Buffer.alloc(1 << below(12), piece(bytes)[0] ?? 0x5b)),
    (at) => bytes.subarray(0, at),
  ];
  for (let times = 1 + below(8); times > 0; times--) {
    const change = changes[below(changes.length)];
    if (change !== undefined) bytes = Buffer.from(change(below(bytes.length + 1)));
  }
  return bytes;
}
