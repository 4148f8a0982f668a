import { parseDockerfile, type Dockerfile } from "./parse";
import { Problems, type Problem } from "./problem";
import { planStages, type StageOptions, type StagePlan } from "./stage";

/** A Dockerfile that was read and sorted out. */
export interface ReadDockerfile {
  dockerfile: Dockerfile;
  /** What to build; none when a problem is an error. */
  plan?: StagePlan;
  /** All errors and warnings that can be found before anything is built, in the order of the file. */
  problems: Problem[];
}

/** The whole way from a text to what has to be built; never throws. */
export function readDockerfile(text: string, options: StageOptions = {}): ReadDockerfile {
  const parsed = parseDockerfile(text);
  const problems = new Problems();
  for (const problem of parsed.problems) problems.add(problem);
  // Without all FROMs every reference to a stage would look wrong.
  const planned = parsed.stagesKnown ? planStages(parsed.dockerfile, options) : { problems: [] };
  for (const problem of planned.problems) problems.add(problem);
  return {
    dockerfile: parsed.dockerfile,
    plan: problems.errors === 0 ? planned.plan : undefined,
    problems: problems.list(),
  };
}
