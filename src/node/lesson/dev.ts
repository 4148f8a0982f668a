import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import type { Command } from "../command";
import { choose, COURSE_OPTIONS } from "./choice";

const OPTIONS = { ...COURSE_OPTIONS, port: { type: "string", default: "5173" } } as const;

/** `glassbox lesson dev [NAME]`: the page, with the lesson as it is being written. The machine goes on when it changes. */
export const devCommand: Command = async (args, { manifest }) => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const { directory, chosen } = choose(values.course, positionals);
  await manifest();
  process.env.GLASSBOX_COURSE = directory;
  // What Vite says of its own future is no news to an author.
  process.env.VITE_CONFIG_NATIVE_IGNORE_WARNING = "true";
  const { createServer } = await import("vite");
  const server = await createServer({
    root: fileURLToPath(new URL("../../../", import.meta.url)),
    server: { host: "127.0.0.1", port: Number(values.port) },
  });
  await server.listen();
  const [url] = server.resolvedUrls!.local;
  process.stdout.write(
    `${url}#lesson=${chosen[0].id}\nSave a file of the lesson, and the page shows it. Ctrl-C ends.\n`,
  );
  await new Promise<void>((resolve) => process.once("SIGINT", resolve));
  await server.close();
  return 0;
};
