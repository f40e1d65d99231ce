// The normal distribution in float64, to about 1e-15 relative in both tails. Series and continued fraction:
// Abramowitz & Stegun 26.2.11 and 26.2.14. Every term is positive, so nothing cancels inside them.

const CROSSOVER = 1.5;
const FRACTION_TERMS = 400;

/** φ(x) = exp(−x²/2) / √(2π); x² is split at its float32 part, whose square is exact. */
export function phi(x: number): number {
  const high = Math.fround(x);
  if (!Number.isFinite(high)) return Number.isNaN(x) ? Number.NaN : 0;
  return (Math.exp(-0.5 * high * high) * Math.exp(-0.5 * (x - high) * (x + high))) / Math.sqrt(2 * Math.PI);
}

/** Φ(x), the probability below x. */
export function Phi(x: number): number {
  if (x < -CROSSOVER) return tail(-x);
  return x > CROSSOVER ? 1 - tail(x) : 0.5 + phi(x) * series(x);
}

/** erf(x) = 2 Φ(√2 x) − 1. */
export function erf(x: number): number {
  const scaled = Math.SQRT2 * x;
  if (scaled < -CROSSOVER) return 2 * tail(-scaled) - 1;
  return scaled > CROSSOVER ? 1 - 2 * tail(scaled) : 2 * phi(scaled) * series(scaled);
}

/** x + x³/3 + x⁵/(3·5) + x⁷/(3·5·7) + … */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let odd = 3; Math.abs(term) > 1e-18 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return sum;
}

/** 1 − Φ(x) = φ(x) / (x + 1/(x + 2/(x + 3/(x + …)))), for x > 0. */
function tail(x: number): number {
  let denominator = x;
  for (let k = FRACTION_TERMS; k >= 1; k--) denominator = x + k / denominator;
  return phi(x) / denominator;
}
