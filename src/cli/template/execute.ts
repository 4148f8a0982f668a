import { TEMPLATE_FUNCTIONS } from "./functions";
import type { TemplateFunction } from "./functions";
import { TemplateError, lineOf } from "./lexer";
import { parseTemplate } from "./parser";
import type { Branch, Node, Operand, Pipeline } from "./parser";
import { isMap, isRow, nullOf, print, rowType, truth } from "./value";
import type { Value } from "./value";

/** Most characters one run may write, and most turns of all its loops. */
const MAX_OUTPUT = 16 * 1024 * 1024;
const MAX_TURNS = 1_000_000;

export interface TemplateOptions {
  functions?: Record<string, TemplateFunction>;
}

/** Fields that JSON and Go's types spell in two ways. */
const SPELLINGS: Record<string, string> = { ID: "Id", Id: "ID" };

class Break extends Error {}
class Continue extends Error {}

/** A template, ready to be run on values. */
export type Template = (data: Value) => string;

/**
 * Compiles the part of Go's text/template that Docker's users write: fields, methods, variables, pipelines, parentheses, `if`,
 * `with`, `range`, comments and trimming. Not there: `define`, `template`, `block`. Throws TemplateError, now or when it runs.
 */
export const compileTemplate = (source: string, settings: TemplateOptions = {}): Template => {
  const functions = { ...TEMPLATE_FUNCTIONS, ...settings.functions };
  const nodes = parseTemplate(source, new Set(Object.keys(functions)));
  const missing = (value: Value, name: string): string =>
    isRow(value)
      ? `can't evaluate field ${name} in type ${rowType(value)}`
      : `map has no entry for key ${JSON.stringify(name)}`;

  return (data) => {
    let output = "";
    let turns = 0;
    const variables: { name: string; value: Value }[] = [{ name: "$", value: data }];

    const failAt = (operand: { at: number; text: string }, text: string, offset = 0): TemplateError => {
      const at = operand.at + offset;
      const column = at - (source.lastIndexOf("\n", at - 1) + 1);
      const shown = operand.text.length > 20 ? `${operand.text.slice(0, 20)}...` : operand.text;
      return new TemplateError(`template: :${lineOf(source, at)}:${column}: executing "" at <${shown}>: ${text}`);
    };

    /** Where the field of that place in a chain begins. */
    const offsetOf = (operand: Operand, index: number): number =>
      operand.kind === "field" ? operand.names.slice(0, index).reduce((sum, name) => sum + name.length + 1, 0) : 0;

    /** Follows `.A.B`; arguments go to the last one, if that is a method. */
    const follow = (operand: Operand, from: Value, names: string[], args: Value[]): Value => {
      let at = from;
      names.forEach((name, index) => {
        const fail = (text: string): TemplateError => failAt(operand, text, offsetOf(operand, index));
        if (at === null || at === undefined) throw fail(`nil pointer evaluating interface {}.${name}`);
        if (!isMap(at))
          throw fail(`can't evaluate field ${name} in type ${Array.isArray(at) ? "[]interface {}" : typeof at}`);
        const key = Object.hasOwn(at, name) ? name : SPELLINGS[name];
        if (key === undefined || !Object.hasOwn(at, key)) throw fail(missing(at, name));
        const found = at[key];
        if (typeof found === "function") at = found(...(index === names.length - 1 ? args : []));
        else {
          if (index === names.length - 1 && args.length > 0)
            throw failAt(operand, `${name} is not a method but has arguments`);
          at = found === null ? nullOf(name) : found;
        }
      });
      return at;
    };

    const call = (operand: Operand & { kind: "function" }, args: Value[]): Value => {
      try {
        return functions[operand.name](...args);
      } catch (thrown) {
        if (!(thrown instanceof TemplateError)) throw thrown;
        throw failAt(operand, thrown.message);
      }
    };

    const evaluate = (operand: Operand, dot: Value, args: Value[] = []): Value => {
      switch (operand.kind) {
        case "dot":
          return dot;
        case "nil":
          return null;
        case "constant":
          return operand.value;
        case "field":
          return follow(operand, dot, operand.names, args);
        case "variable": {
          const found = variables.findLast((each) => each.name === operand.name);
          return follow(operand, found?.value, operand.names, args);
        }
        case "pipeline":
          return follow(operand, pipe(operand.pipeline, dot), operand.names, args);
        case "function":
          return call(operand, args);
      }
    };

    const runCommand = (words: Operand[], dot: Value, last: Value[]): Value => {
      const [first, ...rest] = words;
      if (first.kind === "function" && (first.name === "and" || first.name === "or") && last.length === 0) {
        const wanted = first.name === "or";
        let value: Value;
        for (const operand of rest) {
          value = evaluate(operand, dot);
          if (truth(value) === wanted) return value;
        }
        return value;
      }
      const args = [...rest.map((operand) => evaluate(operand, dot)), ...last];
      if (
        args.length > 0 &&
        first.kind !== "function" &&
        first.kind !== "field" &&
        first.kind !== "variable" &&
        first.kind !== "pipeline"
      )
        throw failAt(first, `can't give argument to non-function ${first.text}`);
      return evaluate(first, dot, args);
    };

    const pipe = (pipeline: Pipeline, dot: Value): Value => {
      let value: Value;
      pipeline.commands.forEach((words, index) => {
        value = runCommand(words, dot, index === 0 ? [] : [value]);
      });
      return value;
    };

    const assign = (pipeline: Pipeline, name: string, value: Value): void => {
      if (pipeline.declares) variables.push({ name, value });
      else {
        const found = variables.findLast((each) => each.name === name);
        if (found) found.value = value;
      }
    };

    const entriesOf = (value: Value, at: Pipeline): [Value, Value][] => {
      if (value === null || value === undefined) return [];
      if (Array.isArray(value)) return value.map((each, index) => [index, each]);
      if (typeof value === "number")
        return Array.from({ length: Math.min(value, MAX_TURNS + 1) }, (_, index) => [index, index]);
      if (isMap(value))
        return Object.keys(value)
          .sort()
          .map((key) => [key, value[key]]);
      throw failAt(at.commands[0][0], `range can't iterate over ${print(value)}`);
    };

    const walk = (list: Node[], dot: Value): void => {
      for (const node of list) {
        if (node.kind === "text") output += node.text;
        else if (node.kind === "break") throw new Break();
        else if (node.kind === "continue") throw new Continue();
        else if (node.kind === "print") {
          const value = pipe(node.pipeline, dot);
          if (node.pipeline.variables.length > 0) assign(node.pipeline, node.pipeline.variables[0], value);
          else output += print(value);
        } else if (node.kind === "range") range(node, dot);
        else {
          const known = variables.length;
          const value = pipe(node.pipeline, dot);
          if (node.pipeline.variables.length > 0) assign(node.pipeline, node.pipeline.variables[0], value);
          if (truth(value)) walk(node.body, node.kind === "with" ? value : dot);
          else walk(node.otherwise, dot);
          variables.length = known;
        }
        if (output.length > MAX_OUTPUT)
          throw new TemplateError(`template: the output is longer than ${MAX_OUTPUT} characters`);
      }
    };

    const range = (node: Branch, dot: Value): void => {
      const known = variables.length;
      const entries = entriesOf(pipe(node.pipeline, dot), node.pipeline);
      if (entries.length === 0) walk(node.otherwise, dot);
      for (const [key, value] of entries) {
        if (++turns > MAX_TURNS) throw new TemplateError(`template: more than ${MAX_TURNS} turns of its loops`);
        const names = node.pipeline.variables;
        if (names.length === 1) assign(node.pipeline, names[0], value);
        if (names.length === 2) {
          assign(node.pipeline, names[0], key);
          assign(node.pipeline, names[1], value);
        }
        try {
          walk(node.body, value);
        } catch (thrown) {
          if (thrown instanceof Break) break;
          if (!(thrown instanceof Continue)) throw thrown;
        } finally {
          variables.length = known;
        }
      }
    };

    walk(nodes, data);
    return output;
  };
};
