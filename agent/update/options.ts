import type { AuditEvent } from '../../contract/audit-log.ts';
import type { UpdateStatus } from '../../contract/status.ts';
import type { SlotsStatus } from '../../contract/update.ts';
import type { Slots } from '../slots/slots.ts';
import type { Trust } from '../verify/manifest.ts';
import type { Stick } from './stick/mount.ts';

/** What changes of version need of a box; tests give directories. */
export interface UpdaterOptions {
  slots: Slots;
  trust: Trust;
  paths: { bundle: string; updates: string; sequence: string; rotations: string };
  /** Starts that a new version gets. */
  tries: number;
  /** Milliseconds since the epoch. */
  wall: () => number;
  /** Starts the machine again; resolves when that was asked for. */
  restart: () => Promise<void>;
  tell: (status: { slots: SlotsStatus; update: UpdateStatus | null }) => void;
  /** Mounts the stick that an operator has put in. @throws CpiabError E5313 where none can be read. */
  stick: (signal: AbortSignal) => Promise<Stick>;
  /** The audit log, undefined until it is open. */
  audit: () => { record(event: AuditEvent): Promise<unknown> } | undefined;
}
