/** What others wrote must not control a terminal, nor fill memory. */
export const plain = (text: string, most: number) =>
  text
    .replace(/[\s\p{Cc}\p{Cf}\p{Cs}\uFFFD]+/gu, ' ')
    .trim()
    .slice(0, most);
