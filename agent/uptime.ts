import { uptime } from 'node:os';

/** Milliseconds since the machine was switched on: a clock that nobody sets. */
export const uptimeMs = () => uptime() * 1000;
