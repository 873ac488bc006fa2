/** What people did, a line of JSON each. */
export type Log = (event: { event: string; user?: string; address?: string; problem?: string }) => void;

export const log: Log = (event) => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
};
