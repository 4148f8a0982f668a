// Imports run one way; ARCHITECTURE.md explains the map.
/** @param {string} name @param {string[]} allowed folders of src that `src/NAME` may import */
const only = (name, allowed) => ({
  name: `src/${name} imports ${allowed.length > 0 ? allowed.join(", ") : "nothing"}`,
  severity: "error",
  from: { path: `^src/${name}/`, pathNot: "\\.test\\.ts$" },
  to: { path: "^(src|guest|images|lessons|tests)/", pathNot: `^src/(${[name, ...allowed].join("|")})/` },
});

module.exports = {
  forbidden: [
    only("protocol", []),
    only("kernel", ["protocol"]),
    only("plan", ["protocol"]),
    only("lesson", ["protocol"]),
    only("agent", ["protocol"]),
    only("machine", ["protocol", "kernel", "agent"]),
    only("engine", ["protocol", "plan", "agent"]),
    only("cli", ["protocol"]),
    only("world", ["protocol", "agent", "machine", "engine", "cli"]),
    only("node", ["protocol", "kernel", "plan", "lesson", "agent", "machine", "engine", "cli", "world"]),
    {
      ...only("app", ["protocol", "kernel", "plan", "lesson", "agent", "machine", "world"]),
      // The entry point mounts the page.
      from: { path: "^src/app/", pathNot: "(\\.test\\.ts|^src/app/main\\.ts)$" },
    },
    only("view", ["protocol", "plan", "lesson", "app"]),
    {
      name: "guest is build time: it sees protocol, plan, the kernel's field list, and the machine for its snapshot",
      severity: "error",
      from: { path: "^guest/", pathNot: "\\.test\\.ts$" },
      to: { path: "^src/", pathNot: "^src/(protocol|plan|kernel|node)/" },
    },
    {
      name: "images are build time: recipes see the engine's image formats",
      severity: "error",
      from: { path: "^images/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(src|guest|lessons|tests)/", pathNot: "^src/engine/(image|registry)/" },
    },
    {
      name: "one file imports v86",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/machine/emulator\\.ts$" },
      to: { path: "node_modules/v86/" },
    },
    {
      name: "no cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "nothing unresolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^virtual:|\\?(raw|url|worker)" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    exclude: { path: "\\.svelte-kit|dist" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["svelte", "import", "default"],
      extensions: [".ts", ".svelte.ts", ".js", ".svelte", ".json"],
    },
  },
};
