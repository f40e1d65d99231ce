// Floats of 8 and 4 bits, as tables of their values.

/** Of a format with so many bits of exponent, by how much that is biased, and so many of mantissa. */
function table(exponent: number, bias: number, mantissa: number): Float32Array {
  const values = new Float32Array(2 ** (1 + exponent + mantissa));
  const half = values.length / 2;
  for (let code = 0; code < half; code++) {
    const [e, m] = [code >> mantissa, code % 2 ** mantissa];
    values[code] = e ? (1 + m / 2 ** mantissa) * 2 ** (e - bias) : m * 2 ** (1 - bias - mantissa);
    values[half + code] = -values[code];
  }
  return values;
}

const made = new Map<string, Float32Array>();
function once(name: string, make: () => Float32Array): Float32Array {
  const found = made.get(name) ?? make();
  made.set(name, found);
  return found;
}

/** Has no infinities. */
export const e4m3 = (): Float32Array =>
  once("e4m3", () => {
    const values = table(4, 7, 3);
    values[0x7f] = values[0xff] = Number.NaN;
    return values;
  });

export const e5m2 = (): Float32Array =>
  once("e5m2", () => {
    const values = table(5, 15, 2);
    for (const sign of [0, 0x80]) {
      values[sign + 0x7c] = sign ? -Infinity : Infinity;
      values.fill(Number.NaN, sign + 0x7d, sign + 0x80);
    }
    return values;
  });

/** Powers of two. */
export const e8m0 = (): Float32Array =>
  once("e8m0", () => Float32Array.from({ length: 256 }, (_, code) => (code < 255 ? 2 ** (code - 127) : Number.NaN)));

/** Of 4 bits. */
export const e2m1 = (): Float32Array => once("e2m1", () => table(2, 1, 1));
