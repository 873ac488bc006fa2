import type { Invitation } from '../../contract/invitation.ts';
import type { NodeRole } from '../../contract/join-material.ts';
import type { NodeStore } from '../join/store.ts';

/** What a machine that joins a box was given, and what it keeps. */
export interface Joining {
  name: string;
  role: NodeRole;
  invitation: Invitation;
  /** Whether the machine runs another system, of which nothing may stay changed. */
  guest: boolean;
  store: NodeStore;
}
