/** What may be given alone or as a list. */
export type OneOrMore<T> = T | readonly T[];

/** One thing as a list of one. */
export const listed = <T>(given: OneOrMore<T>): readonly T[] => (Array.isArray(given) ? given : [given as T]);
