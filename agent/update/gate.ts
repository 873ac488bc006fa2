import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../contract/message-of.ts';
import type { GateRequirement } from '../../contract/update-policy.ts';

const POLL_MS = 2000;

/** Tells why a requirement is not met yet; null when it is. @throws what stands for "not yet". */
export type Look = (signal: AbortSignal) => Promise<string | null>;

export interface Gate {
  requires: readonly GateRequirement[];
  looks: Record<GateRequirement, Look>;
  /** Why waiting is of no use any more, or null. */
  hopeless: () => string | null;
  /** Milliseconds that are left. */
  left: () => number;
  progress: (detail: string) => void;
}

/**
 * Waits until a new version has shown all that it must, in order.
 * @returns null when it has, else why it has not.
 */
export async function passGate(gate: Gate, signal: AbortSignal): Promise<string | null> {
  for (const name of gate.requires) {
    const reason = await met(name, gate, signal);
    if (reason !== null) return reason;
  }
  return null;
}

async function met(name: GateRequirement, gate: Gate, signal: AbortSignal): Promise<string | null> {
  for (;;) {
    const lacks = await looked(gate.looks[name], signal);
    signal.throwIfAborted();
    if (lacks === null) return null;
    gate.progress(`waiting for ${name}: ${lacks}`);
    const hopeless = gate.hopeless();
    if (hopeless !== null) return hopeless;
    if (gate.left() <= 0) return `${name} was not ready in time: ${lacks}`;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** What can't be asked isn't ready. */
async function looked(look: Look, signal: AbortSignal): Promise<string | null> {
  return await look(signal).catch(messageOf);
}
