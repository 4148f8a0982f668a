import { expect, test } from "vitest";
import { fixed } from "./rounding";
import { humanSize } from "./size";

// As `printf` of the C library and Go's fmt have it.
test.each([
  [3.125, 2, "3.12"],
  [3.375, 2, "3.38"],
  [0.5, 0, "0"],
  [1.5, 0, "2"],
  [2.5, 0, "2"],
  [-2.5, 0, "-2"],
  [1.005, 2, "1.00"],
  [999.5, 0, "1000"],
  [7, 3, "7.000"],
])("%d with %i digits is %s", (value, digits, wanted) => {
  expect(fixed(value, digits)).toBe(wanted);
});

test("a size in the middle goes to the even neighbour", () => {
  expect(humanSize(3125, 3)).toBe("3.12kB");
  expect(humanSize(3375, 3)).toBe("3.38kB");
});
