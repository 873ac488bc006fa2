import type { App } from '../../contract/app.ts';

/** What a person says of an app that is to be made. */
export interface NewApp {
  name: string;
  title: string;
  owner: string;
  /** Bundle set that is to carry it. */
  bundle: string;
  /** A recipe of `images/oci`, or a full reference; without one it serves a page of its own. */
  image?: string | undefined;
  port: number;
  /** HTTP path that answers when it works. */
  path: string;
  /** Directory in the container that a claim keeps. */
  data?: string | undefined;
  /** Site that is to run it. */
  site?: string | undefined;
}

/** The same, looked up. */
export interface PlannedApp extends NewApp {
  /** Full reference of the image. */
  reference: string;
  supply: App['supply'];
}
