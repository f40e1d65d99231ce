// Stands in for uvu, which runs a whole suite whatever fails in it: the tests of the files that were imported, in order.

const suites = [];

export function suite(name = "") {
  const tests = [];
  const test = (title, body) => tests.push([title, body]);
  test.skip = () => {};
  test.after = () => {}; // the process ends
  test.run = () => suites.push({ name, tests });
  return test;
}

export const test = suite();

/** The first test that fails, by suite and title, and why; of those whose titles have one of `parts` in them. */
export async function firstFailure(parts) {
  for (const { name, tests } of suites.splice(0)) {
    for (const [title, body] of tests) {
      if (!parts.some((part) => title.includes(part))) continue;
      try {
        await body({});
      } catch (error) {
        return [`${name && `${name}: `}${title}`, error];
      }
    }
  }
}
