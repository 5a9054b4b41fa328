/** First position from `low` to before `high` whose number is not less than `wanted`, of ascending ones; else `high`. */
export const lowerBound = (numbers: Float64Array, wanted: number, low = 0, high = numbers.length): number => {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((numbers[middle] ?? 0) < wanted) from = middle + 1;
    else to = middle;
  }
  return from;
};
