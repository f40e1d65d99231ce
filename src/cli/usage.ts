/** A command that was called wrongly: exit status 2. */
export class Usage extends Error {}

/** A run that failed by what is around it, such as a full disk: exit status 1. */
export class Failed extends Error {}
