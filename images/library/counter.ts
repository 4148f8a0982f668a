import { busybox } from "./busybox";
import { directory, file, type Recipe } from "./recipe";

/** A new file takes the place of the old one at once, so a kill in between loses no number. */
const COUNT = `#!/bin/sh
# Counts visits in /data/count and says the number.
count=0
[ -s /data/count ] && read -r count < /data/count
count=$((count + 1))
echo "$count" > /data/count.new && mv /data/count.new /data/count
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "Visit $count, counted by $(hostname)."
`;

const INDEX = `<!doctype html>
<meta charset="utf-8">
<title>Counter</title>
<meta http-equiv="refresh" content="0; url=cgi-bin/count">
<p><a href="cgi-bin/count">Count</a></p>
`;

/** A program with something to remember: its number is in a volume, and outlives the container. */
export const counter: Recipe = {
  name: "counter",
  tags: ["1"],
  from: busybox,
  steps: [
    {
      instruction: "COPY app /app",
      files: [
        directory("app"),
        directory("app/cgi-bin"),
        file("app/cgi-bin/count", COUNT, 0o755),
        file("app/index.html", INDEX),
        directory("data"),
      ],
    },
    { instruction: "VOLUME /data", config: { Volumes: { "/data": {} } } },
    { instruction: "EXPOSE 80", config: { ExposedPorts: { "80/tcp": {} } } },
    {
      instruction: 'CMD ["httpd", "-f", "-p", "80", "-h", "/app"]',
      config: { Cmd: ["httpd", "-f", "-p", "80", "-h", "/app"], WorkingDir: "/app" },
    },
  ],
};
