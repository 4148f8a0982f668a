import { busybox } from "./busybox";
import { directory, file, type Recipe } from "./recipe";

const STYLE = `body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; color: #1b2733; background: #f4f8fa; }
h1 { line-height: 1.2; }
a { color: #0b6e8f; }
code { background: #dfeaf0; padding: 0 0.3em; border-radius: 0.2em; }
@media (prefers-color-scheme: dark) { body { color: #dbe6ec; background: #10181e; } a { color: #6cc6e4; } code { background: #22323c; } }
`;

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="stylesheet" href="style.css">
<h1>${title}</h1>
${body}
</html>
`;

const INDEX = page(
  "It is served from a container",
  `<p>A process in namespaces of its own has read this page from an image's layer and sent it through a virtual cable.</p>
<p>It is at <code>/www/index.html</code>. Change it, and reload: <code>docker exec NAME vi /www/index.html</code></p>
<p><a href="about.html">What sent it</a></p>`,
);

const ABOUT = page(
  "What sent it",
  `<p>busybox httpd, as <code>httpd -f -v -p 80 -h /www</code>. It is process 1 of its container.</p>
<p><a href="index.html">Back</a></p>`,
);

/** A web server with two pages. */
export const web: Recipe = {
  name: "web",
  tags: ["1"],
  from: busybox,
  steps: [
    {
      instruction: "COPY www /www",
      files: [
        directory("www"),
        file("www/about.html", ABOUT),
        file("www/index.html", INDEX),
        file("www/style.css", STYLE),
      ],
    },
    { instruction: "EXPOSE 80", config: { ExposedPorts: { "80/tcp": {} } } },
    {
      instruction: 'CMD ["httpd", "-f", "-v", "-p", "80", "-h", "/www"]',
      config: { Cmd: ["httpd", "-f", "-v", "-p", "80", "-h", "/www"], WorkingDir: "/www" },
    },
  ],
};
