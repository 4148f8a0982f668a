/**
 * The stages of a Dockerfile: what each is built on, which others it copies from, and which a target needs
 * (docs.docker.com/build/building/multi-stage).
 */
import { STAGES_MAX } from "./bounds";
import { asDockerfileError } from "./expand";
import type { Arg, Copy, From, Instruction } from "./instruction";
import { suggestion } from "./nearest";
import type { Dockerfile } from "./parse";
import { DockerfileError, Problems, type Problem } from "./problem";
import { NO_BUILD_ARGS, type BuildArgs, type GlobalArgs } from "./scope";
import { expandWord, type Variables } from "./variable";
import type { Word } from "./word";

/** What a stage begins with, or what a COPY takes its files from. */
export type StageSource =
  /** Nothing: an empty root. */
  | { kind: "scratch" }
  /** Another stage of the file, by its index. */
  | { kind: "stage"; index: number }
  /** An image, as it is named there: not yet checked, not yet normalised. */
  | { kind: "image"; reference: string };

export interface Stage {
  /** From 0, in the order of the file. */
  index: number;
  name?: string;
  from: From<Word>;
  base: StageSource;
  /** `--platform`, its variables put in. */
  platform?: string;
  /** Without the FROM. */
  instructions: Instruction[];
  /** What each `--from=` of the stage means, by its text. Triggers of a base image are resolved by `resolveSource`. */
  sources: ReadonlyMap<string, StageSource>;
}

export interface StagePlan {
  stages: Stage[];
  /** ARGs before the first FROM. */
  globals: GlobalArgs;
  /** Index of the stage that is asked for. */
  target: number;
  /** Indices of the stages that have to be built for it, in their order; the target is the last. Others are skipped. */
  needed: number[];
}

export interface StageOptions {
  /** `--target`: name or index of a stage; the last one when left out. */
  target?: string;
  buildArgs?: BuildArgs;
}

/** Sorts out the stages. There is no plan when a problem is an error. */
export function planStages(
  dockerfile: Dockerfile,
  { target, buildArgs = NO_BUILD_ARGS }: StageOptions = {},
): { plan?: StagePlan; problems: Problem[] } {
  const planner = new StagePlanner(dockerfile, buildArgs);
  const plan = planner.plan(target);
  return { plan, problems: planner.problems.list() };
}

/**
 * What `--from=TEXT` means in the stage `index`: an earlier stage by name or number, or else an image.
 * @throws DockerfileError for a stage that is not there, not yet there, or this one.
 */
export function resolveSource(
  stages: readonly Pick<Stage, "index" | "name" | "from">[],
  index: number,
  from: Word,
): StageSource {
  const { text, range } = from;
  const refuse = (code: Problem["code"], message: string): DockerfileError =>
    new DockerfileError([
      { severity: "error", code, range, message, found: text, expected: "an earlier stage or an image" },
    ]);
  const isIndex = /^\d+$/.test(text);
  const found = isIndex ? stages[Number(text)] : stages.find(({ name }) => name === text.toLowerCase());
  if (!found && isIndex) {
    const count = stages.length;
    throw refuse("unknown-stage", `There is no stage ${text}: the file has ${count}, counted from 0 to ${count - 1}.`);
  }
  if (!found) return text === "scratch" ? { kind: "scratch" } : { kind: "image", reference: text };
  const line = found.from.range.start.line;
  if (found.index === index) throw refuse("self-stage", `The stage ${text} (line ${line}) cannot copy from itself.`);
  if (found.index > index) {
    const message = `The stage ${text} begins only on line ${line}; a stage can copy from earlier ones alone.`;
    throw refuse("forward-stage", message);
  }
  return { kind: "stage", index: found.index };
}

type Draft = Omit<Stage, "base" | "platform" | "sources">;

class StagePlanner {
  readonly problems = new Problems();
  readonly #buildArgs: BuildArgs;
  readonly #escape: string;
  readonly #drafts: Draft[] = [];
  readonly #globalArgs: Arg<Word>[] = [];
  #needs?: number[][];

  constructor({ instructions, escape }: Dockerfile, buildArgs: BuildArgs) {
    this.#buildArgs = buildArgs;
    this.#escape = escape;
    for (const instruction of instructions) {
      const draft = this.#drafts.at(-1);
      if (instruction.kind === "FROM") {
        this.#drafts.push({
          index: this.#drafts.length,
          name: instruction.name,
          from: instruction,
          instructions: [],
        });
      } else if (draft) {
        draft.instructions.push(instruction);
      } else if (instruction.kind === "ARG") {
        this.#globalArgs.push(instruction);
      }
    }
  }

  plan(target: string | undefined): StagePlan | undefined {
    if (this.#drafts.length > STAGES_MAX) {
      const { range } = this.#drafts[STAGES_MAX].from;
      this.problems.error("too-large", range, `A Dockerfile may have ${STAGES_MAX} stages.`);
      return undefined;
    }
    this.#checkNames();
    const globals = this.#globals();
    const variables = fromVariables(globals, this.#buildArgs);
    const stages = this.#drafts.map((draft): Stage => {
      this.#checkOverridden(draft);
      const { from } = draft;
      return {
        ...draft,
        base: this.#base(draft, variables),
        platform: from.platform && this.#expand(from.platform, variables),
        sources: this.#sources(draft),
      };
    });
    const index = this.#target(target);
    if (index === undefined || this.problems.errors > 0) return undefined;
    return { stages, globals, target: index, needed: neededStages(stages, index) };
  }

  #checkNames(): void {
    const lines = new Map<string, number>();
    for (const { name, from } of this.#drafts) {
      if (name === undefined) continue;
      const line = lines.get(name);
      const range = from.nameRange ?? from.range;
      if (line !== undefined) {
        const message = `There is already a stage ${name}, on line ${line}. Give this one another name.`;
        this.problems.error("duplicate-stage", range, message, { found: name, expected: "another name" });
      }
      lines.set(name, line ?? from.range.start.line);
    }
  }

  /** Each ARG before the first FROM sees those before it. */
  #globals(): GlobalArgs {
    const globals = new Map<string, string | undefined>();
    const variables = new Map(this.#buildArgs.platform);
    for (const { args } of this.#globalArgs) {
      for (const arg of args) {
        const name = this.#expand(arg.name, variables);
        const value = this.#buildArgs.given.get(name) ?? (arg.default && this.#expand(arg.default, variables));
        globals.set(name, value);
        if (value !== undefined) variables.set(name, value);
      }
    }
    return globals;
  }

  #expand(word: Word, variables: Variables): string {
    try {
      const { text, unset } = expandWord(word.text, variables, { escape: this.#escape });
      for (const name of unset) {
        const message =
          `The variable ${name} is not set. FROM sees only ARGs from before the first FROM.` +
          suggestion(name, variables.keys());
        this.problems.warning("unset-variable", word.range, message, { found: name });
      }
      return text;
    } catch (error) {
      const known = asDockerfileError(error, word);
      if (!(known instanceof DockerfileError)) throw known;
      for (const problem of known.problems) this.problems.add(problem);
      return "";
    }
  }

  #base({ index, from }: Draft, variables: Variables): StageSource {
    const errors = this.problems.errors;
    const reference = this.#expand(from.image, variables);
    if (reference.trim() === "" && this.problems.errors === errors) {
      const message = `FROM has no image: nothing is left of ${from.image.text} when its variables are put in.`;
      this.problems.error("bad-argument", from.image.range, message, { found: from.image.text, expected: "an image" });
    }
    if (reference === "scratch") return { kind: "scratch" };
    const name = reference.toLowerCase();
    const stage = this.#drafts.find((draft) => draft.name === name);
    if (stage && stage.index < index) return { kind: "stage", index: stage.index };
    // Often meant so: `FROM nginx AS nginx`.
    if (stage && stage.index > index) {
      const line = stage.from.range.start.line;
      const message = `The stage ${name} begins only on line ${line}, so this is the image ${reference}.`;
      this.problems.warning("stage-is-image", from.image.range, message, { found: reference });
    }
    return { kind: "image", reference };
  }

  #sources({ index, instructions }: Draft): ReadonlyMap<string, StageSource> {
    const sources = new Map<string, StageSource>();
    for (const from of instructions.flatMap(copiedFrom)) {
      try {
        sources.set(from.text, resolveSource(this.#drafts, index, from));
      } catch (error) {
        if (!(error instanceof DockerfileError)) throw error;
        for (const problem of error.problems) this.problems.add(this.#circle(problem, index));
      }
    }
    return sources;
  }

  /** A COPY from a later stage that itself needs this one is wrong in a way of its own, worth its own words. */
  #circle(problem: Problem, index: number): Problem {
    const later = problem.code === "forward-stage" ? this.#copiedStage(problem.found ?? "") : undefined;
    const path = later && pathBetween(later.index, index, (this.#needs ??= this.#allNeeds()));
    if (!path) return problem;
    const names = [index, ...path].map((at) => this.#drafts[at].name ?? String(at));
    const message = `Stages need each other in a circle: ${names.join(" -> ")}. A stage can copy from earlier ones alone.`;
    return { ...problem, code: "cyclic-stages", message };
  }

  #copiedStage(text: string): Draft | undefined {
    if (/^\d+$/.test(text)) return this.#drafts[Number(text)];
    return this.#drafts.find(({ name }) => name === text.toLowerCase());
  }

  /** For each stage the indices of those that it names, later ones of COPY too. */
  #allNeeds(): number[][] {
    return this.#drafts.map(({ index, from, instructions }) => {
      const base = this.#drafts.find(({ name }) => name === from.image.text.toLowerCase());
      const copied = instructions.flatMap(copiedFrom).flatMap(({ text }) => this.#copiedStage(text)?.index ?? []);
      return base && base.index < index ? [base.index, ...copied] : copied;
    });
  }

  #target(target: string | undefined): number | undefined {
    const last = this.#drafts.at(-1);
    if (!last) return undefined;
    if (target === undefined || target === "") return last.index;
    const named = this.#drafts.find(({ name }) => name === target.toLowerCase());
    const found = named ?? (/^\d+$/.test(target) ? this.#drafts[Number(target)] : undefined);
    if (found) return found.index;
    const names = this.#drafts.flatMap(({ name }) => name ?? []);
    const known = names.length === 0 ? "No stage has a name." : `Named stages: ${names.join(", ")}.`;
    const message = `The target stage ${target} could not be found.${suggestion(target, names)} ${known}`;
    this.problems.error("no-target", last.from.range, message, { found: target, expected: names.join(", ") });
    return undefined;
  }

  #checkOverridden({ instructions }: Draft): void {
    for (const kind of ["CMD", "ENTRYPOINT", "HEALTHCHECK"]) {
      const same = instructions.filter((instruction) => instruction.kind === kind);
      for (const { range } of same.slice(0, -1)) {
        const line = same[same.length - 1].range.start.line;
        this.problems.warning("overridden", range, `This ${kind} has no effect: the one on line ${line} replaces it.`);
      }
    }
  }
}

function copiedFrom(instruction: Instruction): Word[] {
  const { from } = instruction.kind === "COPY" ? (instruction satisfies Copy<Word>) : {};
  return from ? [from] : [];
}

/** What FROM and the ARGs before it see. */
function fromVariables(globals: GlobalArgs, { platform }: BuildArgs): Variables {
  const set = [...globals].filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new Map([...platform, ...set]);
}

/** A way from one stage to another along what they need, both ends included; nothing if there is none. */
function pathBetween(start: number, end: number, needs: number[][]): number[] | undefined {
  const cameFrom = new Map<number, number>([[start, start]]);
  const queue = [start];
  for (const index of queue) {
    if (index === end) {
      const path = [end];
      while (path[0] !== start) path.unshift(cameFrom.get(path[0])!);
      return path;
    }
    for (const to of needs[index]) {
      if (cameFrom.has(to)) continue;
      cameFrom.set(to, index);
      queue.push(to);
    }
  }
  return undefined;
}

/** Dependencies always point to earlier stages, so their order in the file is the order to build them in. */
function neededStages(stages: Stage[], target: number): number[] {
  const needed = new Set([target]);
  for (let index = target; index >= 0; index--) {
    if (!needed.has(index)) continue;
    const { base, sources } = stages[index];
    for (const source of [base, ...sources.values()]) if (source.kind === "stage") needed.add(source.index);
  }
  return [...needed].sort((a, b) => a - b);
}
