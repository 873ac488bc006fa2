import type { KubeObject } from '../object.ts';

/** An image that an object names, as it is written there. */
export interface FoundImage {
  image: string;
  /** Where in the object, such as `spec.containers[0].image`. */
  at: string;
}

/** Finds the images in fields of one kind of object that are known to hold images. */
export type Extractor = (object: KubeObject) => FoundImage[];
