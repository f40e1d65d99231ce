// States in WASM memory: they lie between the weights and the work buffers, one after another. Where one grows those above
// it move, so pointers are asked for again with each run.

import type { Plan } from "../../graph/plan.ts";
import type { States } from "../backend.ts";
import { align } from "./thread_pool.ts";

interface Block {
  at: number;
  bytes: number;
}

export interface WasmStates extends States {
  /** Makes room for those that a plan names. What is new of a state is zeros. Throws `OutOfMemory`. */
  fit(plan: Plan): void;
  pointer(state: string): number;
}

/** The memory that the states of all owners share. */
export interface Region {
  /** Where it ends. */
  readonly end: number;
  /** Lets it begin elsewhere, and moves what is in it. */
  move(start: number): void;
  create(): WasmStates;
}

/** `reserve` makes memory reach so far; `inTurn` runs `work` when no plan runs, unless the memory is gone by then. */
export function region(
  memory: () => WebAssembly.Memory,
  first: number,
  reserve: (top: number) => void,
  inTurn: (work: () => void) => void,
): Region {
  let start = first;
  let end = first;
  let blocks: Block[] = [];

  /** Gives all blocks their places, from `from` on, and some another size. Either none moves down or none moves up. */
  const arrange = (from: number, sizes?: ReadonlyMap<Block, number>) => {
    let next = from;
    const places = blocks.map((block) => {
      const place = { block, at: next, bytes: sizes?.get(block) ?? block.bytes };
      next = align(next + place.bytes);
      return place;
    });
    reserve(next);
    const low = Math.min(start, from);
    const all = new Uint8Array(memory().buffer, low, Math.max(end, next) - low);
    const order = next < end ? places : places.reverse(); // none is written over before it has moved
    for (const { block, at, bytes } of order) {
      all.copyWithin(at - low, block.at - low, block.at - low + block.bytes);
      all.fill(0, at - low + block.bytes, at - low + bytes);
      block.at = at;
      block.bytes = bytes;
    }
    start = from;
    end = next;
  };

  const create = (): WasmStates => {
    const own = new Map<string, Block>();
    return {
      get bytes() {
        return [...own.values()].reduce((n, { bytes }) => n + bytes, 0);
      },
      fit({ buffers }) {
        const wanted = buffers.flatMap(({ state, bytes }) => (state === undefined ? [] : [[state, bytes] as const]));
        const small = wanted.filter(([state, bytes]) => !((own.get(state)?.bytes ?? 0) >= bytes));
        if (!small.length) return;
        const added = small.flatMap(([state]) => (own.has(state) ? [] : [[state, { at: end, bytes: 0 }] as const]));
        const before = blocks;
        blocks = [...before, ...added.map(([, block]) => block)];
        try {
          const mine = new Map([...own, ...added]);
          arrange(start, new Map(small.map(([state, bytes]) => [mine.get(state)!, bytes])));
        } catch (error) {
          blocks = before;
          throw error;
        }
        for (const [state, block] of added) own.set(state, block);
      },
      pointer: (state) => own.get(state)!.at,
      dispose() {
        const gone = new Set(own.values());
        own.clear();
        inTurn(() => {
          blocks = blocks.filter((block) => !gone.has(block));
          arrange(start);
        });
      },
    };
  };

  return {
    get end() {
      return end;
    },
    move: (to) => arrange(to),
    create,
  };
}
