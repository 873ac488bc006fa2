/** Bytes of a chunk's content, how many it has on average over the least, and what its file may have more: headers of age and zstd, tags. */
export const chunkSizes = { least: 1 << 20, over: 1 << 18, most: 4 << 20, overhead: 4096 } as const;
