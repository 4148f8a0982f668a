import { helloProgram } from "./hello-program";
import { file, type Recipe } from "./recipe";

const TEXT = `
Hello from a container!

One file is all there is in this image: the program that writes this text.
It has no shell, no library and no folder; it needs the kernel and nothing else.

Next, try one with a shell in it:
  docker run -it busybox sh

`;

/** The smallest image that does something. */
export const hello: Recipe = {
  name: "hello",
  tags: ["1"],
  steps: [
    { instruction: "COPY hello /", files: [file("hello", helloProgram(TEXT), 0o755)] },
    { instruction: 'CMD ["/hello"]', config: { Cmd: ["/hello"] } },
  ],
};
