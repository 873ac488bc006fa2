/**
 * How a version keeps its state on the data partition, as a number in its manifest. It goes up when a version
 * could not run on what the one before has left, or the other way round: then a box that runs one is not
 * given the other, as there is no way from one to the next yet.
 */
export const stateVersion = 1;
