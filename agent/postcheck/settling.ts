import { messageOf } from '../../contract/message-of.ts';
import type { Check } from './look.ts';
import { type Outcome, unknown } from './outcome.ts';
import { patient } from './patient.ts';
import { settled } from './service.ts';

/**
 * Asks again for a while where a check does not pass: Traefik takes a route some seconds after the API server has it, an
 * app has just been started.
 */
export const settling =
  (check: Check, limitMs = patient(30_000)): Check =>
  async (look) => {
    const ask = () =>
      check(look).catch((error: unknown) => {
        look.signal.throwIfAborted();
        return unknown(messageOf(error));
      });
    const isFound = ({ result }: Outcome) => result === 'pass' || result === 'notApplicable';
    return await settled(ask, isFound, limitMs, look.signal);
  };
