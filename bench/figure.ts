/** A measured figure, as `npm run bench` prints it: one JSON object a line. */
export interface Figure {
  name: string;
  unit: string;
  median: number;
  min: number;
  max: number;
  runs: number;
  /** What the figure is compared with, measured in the same run; or why it could not be. */
  yardstick?: { name: string; median: number; min: number; max: number } | { name: string; missing: string };
  /** median / yardstick.median */
  ratio?: number;
}

const round = (value: number) => Number(value.toPrecision(4));

export function summary(samples: readonly number[]): { median: number; min: number; max: number } {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median: round(median), min: round(sorted[0]), max: round(sorted[sorted.length - 1]) };
}

export function figure(
  name: string,
  unit: string,
  samples: readonly number[],
  yardstick?: { name: string; samples: readonly number[] } | { name: string; missing: string },
): Figure {
  const result: Figure = { name, unit, ...summary(samples), runs: samples.length };
  if (!yardstick) return result;
  if ("missing" in yardstick) return { ...result, yardstick };
  const other = summary(yardstick.samples);
  return { ...result, yardstick: { name: yardstick.name, ...other }, ratio: round(result.median / other.median) };
}

/** A benchmark yields its figures as it has them. */
export type Benchmark = () => AsyncGenerator<Figure>;
