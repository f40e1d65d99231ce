/** What may be given alone or as a list. */
export type OneOrMore<T> = T | readonly T[];

/** A list of an option's values. In lists of targets and contrasts undefined stands for the default. */
type ListOf<Options, Name extends keyof Options> = readonly (
  | Required<Options>[Name]
  | (Name extends "target" | "contrast" ? undefined : never)
)[];

/** Options of which these may be lists. */
export type Listed<Options, Listable extends keyof Options> = Omit<Options, Listable> & {
  [Name in Listable]?: Options[Name] | ListOf<Options, Name>;
};

/** One of these options, or more, is a list. */
export type AnyList<Options, Listable extends keyof Options> = {
  [Name in Listable]: Record<Name, ListOf<Options, Name>>;
}[Listable];

/** One thing as a list of one. */
export const listed = <T>(given: OneOrMore<T>): readonly T[] => (Array.isArray(given) ? given : [given as T]);
