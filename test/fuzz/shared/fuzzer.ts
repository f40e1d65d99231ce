// What fuzzers share.

import { RelpropError } from "../../../src/errors.ts";
import type { Random } from "../../corpus/safetensors-mutants.ts";

/** What a file in this folder exports: a case. Throws if something is not as it should be. */
export interface Fuzzer {
  /** Resolves with the bytes that were given, and what came of it. */
  one(random: Random): Promise<{ bytes: number; what: string }>;
  /** Once, before the first case. */
  begin?(): Promise<void>;
  end?(): Promise<void>;
}

/** What a call ends with: its value's description, or a coded error's code; any other error is a fault. */
export async function coded(doing: () => Promise<unknown>): Promise<string> {
  try {
    await doing();
    return "right";
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];
