// What fuzzers share.

import { RelpropError } from "../../../src/errors.ts";
import type { Random } from "../../corpus/safetensors-mutants.ts";

export interface Outcome {
  /** Bytes that were given. */
  bytes: number;
  /** What came of it. */
  what: string;
  /** Which of the fuzzer's subjects it was about. */
  of?: string;
}

/** What a file in this folder exports: a case. Throws if something is not as it should be. */
export interface Fuzzer {
  one(random: Random, i: number): Promise<Outcome>;
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

/** An error that is a fault, with what it came of. */
export function told(error: unknown, what: string): unknown {
  if (error instanceof Error) error.message = `${error.message}; ${what.slice(0, 3000)}`;
  return error;
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];
