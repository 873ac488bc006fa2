import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatBytes } from '../../contract/units.ts';
import { startBox } from './box.ts';
import type { Contender, Newcomer } from './contender.ts';
import { loadText, OtherWork, QUIET_SHARE } from './other-work.ts';
import { startStepCa } from './step-ca.ts';

/**
 * Nodes that enrol with one process by a token each and then renew: with a box, and with step-ca in the same run, as
 * fast as each answers and at a steady rate. Each has an address of its own, and opens a connection for each request.
 * A box takes one to enrol a node that its site approves; step-ca takes two with its own client, and one if the client
 * has the root before.
 */
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    'at-once': { type: 'string', default: '8' },
    'per-second': { type: 'string', default: '50' },
  },
});
const NODES = Number(values.nodes);
const AT_ONCE = Number(values['at-once']);
const PER_SECOND = Number(values['per-second']);
/** Nodes before those that count: this program compiles its own code at first, and so does a box. */
const WARMING = 50;

interface Measured {
  perSecond: number;
  p50: number;
  p99: number;
  /** Of the process that answers, for each node. */
  cpuMs: number;
  /** Of all processors, what other programs took meanwhile. */
  others: number;
}

interface Result {
  name: string;
  fast: { enrol: Measured; renew: Measured };
  steady: { enrol: Measured; renew: Measured };
  memory: number;
}

async function main(): Promise<void> {
  print(`${NODES} nodes, ${AT_ONCE} at once, then ${NODES} others at ${PER_SECOND}/s; ${loadText()}`);
  const ours = await measure(await startBox());
  const theirs = [
    await measure(await startStepCa('root, then sign')),
    await measure(await startStepCa('sign alone')),
  ];
  for (const each of theirs) compare(ours, each);
  const all = [ours, ...theirs].flatMap(({ fast, steady }) => [fast, steady]);
  const most = Math.max(...all.flatMap(({ enrol, renew }) => [enrol.others, renew.others]));
  if (most > QUIET_SHARE)
    print(`up to ${percent(most)} of the processors did other work: only CPU times can be compared`);
}

async function measure(contender: Contender): Promise<Result> {
  const { name } = contender;
  try {
    await both(contender, WARMING, 0, atOnce);
    const fast = await both(contender, NODES, WARMING, atOnce);
    const steady = await both(contender, NODES, WARMING + NODES, steadily);
    const result = { name, fast, steady, memory: (await contender.usage()).memory };
    tell(result);
    return result;
  } finally {
    await contender.stop();
  }
}

async function newcomers(contender: Contender, count: number, from: number): Promise<Newcomer[]> {
  const all: Newcomer[] = [];
  for (let index = 0; index < count; index++) all.push(await contender.newcomer(from + index));
  return all;
}

type Act = (newcomer: Newcomer) => Promise<void>;
/** @param act with when the node was to begin, in milliseconds of `performance.now()`. */
type Pace = (
  all: readonly Newcomer[],
  act: (newcomer: Newcomer, due: number) => Promise<void>,
) => Promise<void>;

async function both(contender: Contender, count: number, from: number, pace: Pace) {
  const all = await newcomers(contender, count, from);
  return {
    enrol: await timed(contender, all, pace, (node) => node.enrol()),
    renew: await timed(contender, all, pace, (node) => node.renew()),
  };
}

async function timed(
  contender: Contender,
  all: readonly Newcomer[],
  pace: Pace,
  act: Act,
): Promise<Measured> {
  const took: number[] = [];
  const other = new OtherWork(contender);
  await other.begin();
  const before = await contender.usage();
  const began = performance.now();
  await pace(all, async (node, due) => {
    await act(node);
    took.push(performance.now() - due);
  });
  const seconds = (performance.now() - began) / 1000;
  const cpuMs = ((await contender.usage()).cpuMs - before.cpuMs) / all.length;
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const others = await other.share();
  return { perSecond: took.length / seconds, p50: at(0.5), p99: at(0.99), cpuMs, others };
}

const atOnce: Pace = async (all, act) => {
  const left = [...all];
  const worker = async () => {
    for (let node = left.shift(); node !== undefined; node = left.shift()) await act(node, performance.now());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};

/** Whoever is late begins late, and that counts. */
const steadily: Pace = async (all, act) => {
  const began = performance.now();
  await Promise.all(
    all.map(async (node, index) => {
      const due = (index * 1000) / PER_SECOND;
      await sleep(due);
      await act(node, began + due);
    }),
  );
};

function tell({ name, fast, steady, memory }: Result): void {
  for (const [pace, done] of Object.entries({ [`${AT_ONCE} at once`]: fast, [`${PER_SECOND}/s`]: steady }))
    for (const [what, { perSecond, p50, p99, cpuMs, others }] of Object.entries(done)) {
      const times = `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, ${cpuMs.toFixed(2)} ms of CPU each`;
      print(`${name}: ${what}, ${pace}: ${perSecond.toFixed(0)}/s, ${times}; others ${percent(others)}`);
    }
  print(`${name}: memory ${formatBytes(memory)}`);
}

function compare(ours: Result, theirs: Result): void {
  const ratio = (own: number, other: number) => (own / other).toFixed(2);
  for (const what of ['enrol', 'renew'] as const) {
    const rate = `${ratio(ours.fast[what].perSecond, theirs.fast[what].perSecond)} of its rate ${AT_ONCE} at once`;
    const cpu = `${ratio(ours.fast[what].cpuMs, theirs.fast[what].cpuMs)} of its CPU time`;
    const p99 = `${ratio(ours.steady[what].p99, theirs.steady[what].p99)} of its p99 at ${PER_SECOND}/s`;
    print(`ratio to ${theirs.name}: ${what}: ${rate}, ${cpu}, ${p99}`);
  }
  print(`ratio to ${theirs.name}: ${ratio(ours.memory, theirs.memory)} of its memory`);
}

const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
const print = (line: string) => process.stdout.write(`${line}\n`);

await main();
