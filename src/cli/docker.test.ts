/**
 * The second witness: Docker's own command line. Both are given the same line and the same engine, which writes down what it
 * is asked; requests, output and exit status have to be the same, except for what `tolerate` lists.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testCli } from "../../tests/support/engine/cli-io";
import { DOCKER, DOCKER_MAJOR, runDocker } from "../../tests/support/engine/docker";
import type { Ran } from "../../tests/support/engine/docker";
import { frame, startRecorder } from "../../tests/support/engine/recorder";
import type { Recorded, Recorder, Routes } from "../../tests/support/engine/recorder";
import { run } from "./main";

/** Wordings changed with Docker 28; an older or a newer docker would be compared with words it does not use. */
const skipped =
  DOCKER === undefined
    ? "there is no docker on this machine"
    : DOCKER_MAJOR !== 28
      ? `docker ${DOCKER_MAJOR} words things otherwise than docker 28`
      : "";

/** util-linux's `script` gives a program a terminal. */
const HAS_SCRIPT = spawnSync("script", ["--version"]).status === 0;

let recorder: Recorder;
let home: string;

beforeAll(async () => {
  recorder = await startRecorder();
  home = await mkdtemp(join(tmpdir(), "glassbox-cli-"));
  await mkdir(join(home, "context/sub"), { recursive: true });
  const files = {
    env: "# comment\nA=1\nFROM_ENV\nNOT_THERE\n  B = spaced\n",
    labels: "x=y\nbare\n",
    "seccomp.json": '{ "defaultAction": "SCMP_ACT_ALLOW" }',
    "archive.tar": "not really a tar",
    "context/Dockerfile": "FROM busybox\nRUN true\n",
    "context/.dockerignore": "*.log\nsub\n!sub/keep\n",
    "context/a.log": "a",
    "context/x": "x",
    "context/sub/keep": "k",
    "context/sub/drop": "d",
    elsewhere: "FROM scratch\n",
  };
  for (const [name, text] of Object.entries(files).filter(([name]) => name !== "env"))
    await writeFile(join(home, name), text);
  await writeFile(join(home, "env"), "# comment\nA=1\nFROM_ENV\nNOT_THERE\nC=with = sign\n");
});
afterAll(async () => {
  await recorder?.close();
  if (home) await rm(home, { recursive: true });
});
beforeEach(() => recorder.say({}));

interface Outcome extends Ran {
  requests: Recorded[];
}

/** What an archive holds, by GNU tar: mode, owner, size and name of each entry; or the bytes, when they are none. */
const archiveList = (bytes: Uint8Array): string[] => {
  const { status, stdout } = spawnSync("tar", ["-tvf", "-", "--numeric-owner"], { input: bytes, encoding: "utf8" });
  if (status !== 0) return [Buffer.from(bytes).toString("latin1")];
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d /, ""))
    .sort();
};

/** Where docker is known to differ, for a reason that stands beside it. */
const tolerate = ({ status, stdout, stderr, requests }: Outcome): Outcome => ({
  status,
  // Docker 28 has a slip of the pen here.
  stderr: stderr
    .replace("\nSRun '", "\nRun '")
    .replace(/^DEPRECATED: The legacy builder[\s\S]*?\n\n/, "")
    // What `network rm` says after having said what was wrong.
    .replace(/^exit status 1\n$/m, ""),
  stdout,
  requests: requests
    .map((request) => {
      const { "x-registry-auth": auth } = request.headers;
      const query = Object.fromEntries(Object.entries(request.query).filter(([, value]) => value !== ""));
      // Of API 1.48, and sent to an older engine nevertheless.
      const text = JSON.stringify(request.body)?.replaceAll(',"GwPriority":0', "");
      const json = text && !(request.body instanceof Uint8Array) ? JSON.parse(text) : null;
      // The order of a Go map, another one each time.
      if (Array.isArray(json?.Env)) json.Env.sort();
      json?.HostConfig?.Binds?.sort();
      return {
        ...request,
        query,
        headers: auth ? { auth } : {},
        body: request.body instanceof Uint8Array ? archiveList(request.body) : json,
      } as unknown as Recorded;
    })
    // Several containers are stopped, paused … at once by docker, one after the other by us.
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
});

interface Given {
  stdin?: string;
  env?: Record<string, string>;
  say?: Routes;
  /** What is left out of the comparison of requests, with the reason. */
  without?: (request: Recorded) => boolean;
}

const both = async (argv: string[], given: Given = {}): Promise<{ docker: Outcome; ours: Outcome }> => {
  recorder.say(given.say ?? {});
  const ran = await runDocker(recorder.port, argv, { ...given, cwd: home, home });
  const keep = (requests: Recorded[]): Recorded[] => requests.filter((request) => !given.without?.(request));
  const docker = { ...ran, requests: keep(recorder.take()) };
  const io = testCli(recorder.port, { stdin: given.stdin, env: given.env, cwd: home });
  const status = await run(["docker", ...argv], io);
  const ours = { status, stdout: io.stdoutText(), stderr: io.stderrText(), requests: keep(recorder.take()) };
  return { docker: tolerate(docker), ours: tolerate(ours) };
};

const words = (line: string): string[] =>
  Array.from(line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, single, double, plain]) => single ?? double ?? plain);

/** One test a line. */
const same = (lines: string[], given: Given = {}): void => {
  test.each(lines)("docker %s", async (line) => {
    const { docker, ours } = await both(words(line), given);
    expect(ours).toEqual(docker);
  });
};

/** For what is refused: the engine is asked nothing. */
const NOT_FOUND = { status: 404, json: { message: "No such container: x" } };

describe.skipIf(skipped)(`the same as docker${skipped && ` (skipped: ${skipped})`}`, () => {
  describe("usage", () => {
    same([
      "foo", "container foo", "ps x", "run", "run --foo", "run -e", "run -z busybox", "run -itz busybox", "ps --format", "-H", "--foo ps",
      "rm", "run --memory abc busybox", "volume create a b", "cp", "tag x", "run --name", "ps --all=foo", "kill", "inspect",
      "run --rm=bla b", "ps --no-trunc=2", "run --cpus x b", "run --pids-limit x b", "exec a", "ps --filter", "ps --filter x", "run --net",
      "ps -n x", "images a b", "rename a", "commit", "port", "import", "logs", "top", "wait", "network create", "network connect a",
      "run --blkio-weight 70000 b", "run --blkio-weight -1 b", "help foo", "ps --=x", "stop -t x a", "run --oom-score-adj 99999999999999999999 b",
    ]); // prettier-ignore
  });

  describe("lists", () => {
    same([
      "ps", "ps -a", "ps -as --no-trunc", "ps --format json", "ps -q", "ps -aq --no-trunc", "ps -l", "ps -n 3", "ps -n 3 -l",
      'ps --format \'table {{.ID}}\\t{{.Names}}\\t{{.Label "com.example.tier"}}\'', "ps --format '{{.Foo}}'", "ps -q --format '{{.Names}}'",
      "ps --format '{{json .}}'", "ps --format '{{.Names}}: {{.Size}}'", "ps --format 'table {{.Names}}'", "ps --format table", "ps -q --format table",
      "ps --filter status=running --filter name=x --filter 'label=a=b'", "ps --format '{{upper .Names}} {{lower .Image}} {{title .State}}'",
      "ps --format '{{range split .Names \",\"}}<{{.}}>{{end}}'", "ps --format '{{if eq .State \"running\"}}up{{else}}down{{end}}'",
      "ps --format '{{'", "ps --format '{{.ID}'", "ps --format '{{foo .ID}}'", "ps --format '{{if}}'", "ps --format '{{end}}'", "images --format '{{'", "network ls --format '{{.ID}'", "images --format '{{.Foo}}'", "volume ls --format '{{foo}}'", "events --format '{{'", "events --since x", "history --format '{{' a",
      "ps --format 'table {{.ID}}\\t{{pad .Names 2 3}}|{{truncate .Image 3}}'", "ps --format '{{println .ID .Names}}x'",
      "ps --format '{{.Ports}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}} {{.CreatedAt}} {{.RunningFor}} {{.Command}}'",
      "container ls -a", "container list", "container ps",
      "images", "images --digests -a", "images -q --no-trunc", "images --format json", "images busybox", "images --filter dangling=true",
      "images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'", "images --format 'table {{.ID}}\\t{{.CreatedSince}}\\t{{.Digest}}'", "image ls", "image list -q",
      "history nginx", "history --no-trunc -H=false nginx", "history --format json nginx", "history -q nginx", "history --format '{{.ID}} {{.CreatedBy}}' nginx",
      "network ls", "network ls --format json", "network ls -q", "network ls --no-trunc -f driver=bridge", "network ls --format '{{.Name}} {{.Labels}} {{.Label \"a\"}}'", "network list",
      "volume ls", "volume ls --format json", "volume ls -q", "volume ls -f dangling=true", "volume ls --format '{{.Name}} {{.Mountpoint}}'",
      "system df", "system df -v", "system df --format json", "system df --format '{{.Type}} {{.Size}} {{.Reclaimable}}'", "system df --format 'table {{.Type}}\\t{{.Active}}'",
      "stats --no-stream web", "stats --no-stream --format json web", "stats --no-stream --no-trunc web", "stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}' web",
      "top web", "top web -ef", "diff web", "port web", "port web 80", "port web 80/tcp", "port web 81/udp", "port web x", "port web 99999",
      "events --since 1h --until 1m", "events --format json --since 1h", "events --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'", "events --filter type=container --filter event=start",
      "search bus", "search --format json bus", "search --limit 5 --filter is-official=true bus",
      "info --format '{{.Name}} {{.NCPU}} {{.Driver}} {{json .Plugins.Volume}}'",
    ]); // prettier-ignore
  });

  describe("objects", () => {
    same([
      "inspect web", "inspect -f '{{.State.Status}}' web", "inspect -f '{{.Foo}}' web", "inspect -f '{{' web", "inspect -f json web", "inspect -s web web",
      "inspect -f '{{.RootFS.Layers}} {{.Config.Entrypoint}} {{.Config.Labels}} {{json .Config.Env}}' --type image x",
      "inspect --type image -f '{{.Size}}' x", "container inspect -s web", "image inspect x",
      "image inspect -f '{{.RootFS.Layers}} {{.Config.Entrypoint}} {{.Config.Labels}} {{json .Config.Env}}' x",
      "network inspect bridge", "network inspect -v bridge", "network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}} {{.Containers}}' bridge",
      "volume inspect data", "volume inspect -f '{{.Name}} {{.Labels}} {{.Options}}' data",
      "inspect -f '{{.HostConfig.PidsLimit}}|{{.HostConfig.CapAdd}}|{{.Config.Cmd}}|{{.Config.Labels}}|{{len .Config.Env}}|{{index .Config.Env 0}}' web",
      "inspect -f '{{.State.Running}}|{{.HostConfig.Memory}}|{{json .Config.Env}}|{{printf \"%5d|%-5s|%q|%v|%05d\" 3 `a` `b` true 42}}' web",
      "inspect -f '{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}' web",
      "inspect -f '{{range $p, $conf := .NetworkSettings.Ports}}{{$p}}->{{range $conf}}{{.HostPort}} {{end}};{{end}}' web",
      "inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web",
      "inspect -f '{{with .State}}{{.Pid}} {{$.Name}}{{end}}{{/* a comment */}}' web",
      "inspect -f '{{- range $i, $e := .Config.Env -}} {{$i}}={{$e}} {{- end}}' web",
      "inspect -f '{{index .Config.Labels \"com.example.tier\"}}{{index .Config.Labels \"none\"}}' web",
      "inspect -f '{{join .Config.Cmd \" \"}} {{not .State.Running}} {{and .State.Running .Name}} {{or .HostConfig.AutoRemove .Driver}}' web",
      "inspect -f '{{if gt .State.Pid 10}}big{{else if eq .State.Pid 1}}one{{else}}small{{end}}' web", "inspect -f '{{.State.Foo}}' web",
      "inspect -f '{{slice .Id 0 4}} {{len .Name}} {{ne .Driver \"x\"}} {{le 1 2}} {{print 1 2 `a` `b`}}' web",
    ]); // prettier-ignore
    same(["inspect a", "inspect a b", "container inspect a", "image inspect a", "network inspect a", "volume inspect a", "inspect --type volume a"], {
      say: { "GET /containers/*/json": NOT_FOUND, "GET /images/*/json": NOT_FOUND, "GET /networks/*": NOT_FOUND, "GET /volumes/*": NOT_FOUND },
      // Docker looks among the objects of swarms and among plugins, too.
      without: (request) => request.path === "/info" || request.path.startsWith("/plugins"),
    }); // prettier-ignore
  });

  describe("changes", () => {
    same([
      "stop a", "stop -t 3 -s TERM a b", "stop --time 4 a", "stop -t -1 a", "restart a", "restart -t 1 a b", "kill a b", "kill -s INT a", "pause a b", "unpause a",
      "start a b", "rm a", "rm -f a b", "rm -fv /a", "rm -l a/b", "rename a b", "wait a b", "update --memory 64m web b", "update --restart on-failure:3 web", "update web",
      "update --cpus 1.5 --cpu-shares 10 --pids-limit 5 --memory-swap -1 --memory-reservation 1m --blkio-weight 100 --cpuset-cpus 0 web", "update --restart a:b web",
      "commit web", "commit -c 'CMD x' -c 'ENV a=b' -a me -m hi --pause=false web x:y", "commit web UP",
      "tag a b:c", "tag a UP", "tag a localhost:5000/x/y", "tag a:b c@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "tag a ''", "tag a b:", "tag a 'b c'",
      "rmi a b", "rmi -f --no-prune a", "image rm a", "image remove a",
      "container prune -f", "container prune -f --filter until=1h", "image prune -f", "image prune -af --filter until=1h", "image prune", "volume prune -f", "volume prune -af",
      "network prune -f", "system prune -f", "system prune -af --volumes", "system prune", "system prune -a --volumes --filter label=x", "container prune", "volume prune", "network prune",
      "builder prune -f", "builder prune -af --filter until=1h",
      "volume create", "volume create x", "volume create -d local --label a=b --label c -o type=tmpfs x", "volume rm a b", "volume remove -f a", "volume create --name x", "volume create --name x y",
      "network create mine", "network create --subnet 10.0.0.0/24 --gateway 10.0.0.1 -o a=b --label x mine", "network create --internal --attachable --ipv6 -d macvlan --scope local mine",
      "network create --subnet 10.0.0.0/24 --subnet 10.1.0.0/16 --ip-range 10.1.1.0/24 --aux-address a=10.0.0.5 mine", "network create --gateway 10.0.0.1 mine",
      "network create --subnet 10.0.0.0/24 --gateway 10.9.0.1 mine", "network create --subnet 10.0.0.0/24 --subnet 10.0.0.0/16 mine", "network create --ipam-driver x --ipam-opt a=b mine",
      "network connect mine web", "network connect --ip 1.2.3.4 --ip6 ::1 --alias x --alias y --link a:b --link-local-ip 1.1.1.1 --driver-opt a=b mine web", "network disconnect mine web", "network disconnect -f mine web",
      "pull busybox", "pull -q busybox", "pull busybox:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "pull -a busybox", "pull UPPER", "pull -a a:b", "pull --platform linux/386 localhost:5000/a/b",
      "pull ''", "pull a/../b", "pull foo.com/a_b-c/d:x.y", "pull index.docker.io/a",
      "push localhost:5000/a", "push -q a:b", "push -a a", "push UP", "push -a a:b",
      "save -o out.tar a", "save a b", "save -o nodir/out a", "export a", "export -o out.tar a", "load -i archive.tar", "load -qi archive.tar", "load -i nonexist", "import archive.tar a:b", "import -c 'CMD x' -m hi http://x/y", "import - a UP", "import nonexist",
    ]); // prettier-ignore
    same(["system prune", "image prune -a", "volume prune -a", "container prune"], { stdin: "y\n" });
    same(["system prune", "image prune", "builder prune", "builder prune -a"], { stdin: "n\n" });
    same(["load", "import - a:b", "import -"], { stdin: "some bytes" });
    same(["network rm a b", "network remove a", "network rm -f a"], {
      // Docker asks first whether the network belongs to a swarm.
      without: (request) => request.method === "GET",
    });
  });

  describe("the engine refuses", () => {
    const refuse: Routes = {};
    for (const method of ["GET", "POST", "DELETE"]) for (const path of ["/containers/*", "/images/*", "/networks/*", "/volumes/*", "/system/df", "/events", "/commit", "/build/prune", "/containers/json", "/images/json", "/networks", "/volumes", "/images/create", "/networks/create"])
      refuse[`${method} ${path}`] = NOT_FOUND; // prettier-ignore
    same([
      "ps", "images", "network ls", "volume ls", "system df", "events --since 1h", "stop a b", "start a b", "start -a a", "rm a b", "rm -f a b", "rename a b", "wait a b", "kill a", "pause a", "unpause a b",
      "restart a", "logs a", "top a", "port a", "diff a", "update -m 64m a b", "history a", "rmi a b", "rmi -f a", "tag a b", "push a", "pull a", "pull -q a", "export a", "commit a", "network create x",
      "network connect a b", "network disconnect a b", "volume create x", "volume rm a b", "stats --no-stream a", "exec a b", "container prune -f", "system prune -f", "volume prune -f",
    ], { say: refuse }); // prettier-ignore
    same(["network rm a b", "network rm -f a b"], { say: refuse, without: (request) => request.method === "GET" });
  });

  describe("create: the request", () => {
    const env = { FROM_ENV: "theirs" };
    same([
      "create busybox", "create -q --name x busybox sh -c 'a b'", "create -it --name x -e A=1 -v /a:/b -p 80:80 -m 64m busybox sh", "create busybox -it --name y", "create -i -a stdin -a stdout b",
      "create --env A=1 -e FROM_ENV -e NOT_THERE -e B= b", "create --env-file env -e A=2 b", "create --env-file nonexist b", "create -e '' b", "create -e =x b", "create --label a=b -l c -l d=e=f b", "create --label-file labels --label z=1 b",
      "create -v /data -v a:/b:ro -v ./rel:/c b", "create -v /a:/b:ro,z b", "create --volume-driver x --volumes-from a --volumes-from b:ro b", "create -v a: b", "create -v a:/b b", "create -v aa:c:/b -v c:/x:d:/y:ro -v /a:/b -v /a:/b b", "create -v .:/c -v ../x:/c b", "create -p ::1:5 b", "create -p [::1]:5 b", "create -p [::1]::5 b", "create -p [fe80::1.2.3.4]:5:6 b", "create -v :/a b", "create -v a:b:c:d b",
      "create --mount type=bind,source=/a,target=/b,readonly b", "create --mount type=volume,src=v,dst=/b,volume-nocopy,volume-label=a=b,volume-driver=d,volume-opt=x=y b", "create --mount type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1770 b",
      "create --mount target=/b b", "create --mount type=bind,src=/a b", "create --mount foo=bar b", "create --mount type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-recursive=disabled b", "create --mount type=bind,src=/a,dst=/b,tmpfs-size=1 b",
      "create --mount '' b", "create --mount type=bind,src=./x,dst=/b b", "create --mount type=bind,src=/a,dst=/b,ro=maybe b", "create --mount type=tmpfs,dst=/t,tmpfs-mode=9 b", "create --mount dst=/a,src b",
      "create --tmpfs /run --tmpfs /tmp:rw,size=64k b",
      "create -p 80 b", "create -p 8080:80/udp -p 127.0.0.1::90 -p 127.0.0.1:91:91 b", "create -p 8000-8002:80-82 b", "create -p 8000-8010:80 b", "create -p [::1]:80:80 b", "create -p foo b", "create -p 80:foo b", "create -p x:80 b", "create -p 1-2:3-5 b",
      "create -p 1.2.3:80:80 b", "create -p 80/foo b", "create -p 99999 b", "create -p '' b", "create -p 80: b", "create -p target=80,published=8080,protocol=udp b", "create -p target=x b", "create -p 3-1 b", "create -P --expose 80 --expose 90-92/udp b", "create --expose a b", "create --expose 80:90 b",
      "create -w /w -u 1:2 --hostname h --domainname d b", "create --memory 1g --memory-swap 2g --memory-reservation 100m --memory-swappiness 10 --oom-kill-disable --oom-score-adj -500 b", "create --memory-swap -1 b", "create --memory-swappiness 101 b", "create -m -1 b", "create -m 1.5g b", "create -m 10x b",
      "create --cpus 1.5 --cpu-shares 512 --cpu-period 1000 --cpu-quota 500 --cpuset-cpus 0-1 --cpuset-mems 0 --cpu-rt-period 5 --cpu-rt-runtime 6 b", "create --cpus .5 b", "create --cpus 0.0000000001 b",
      "create --pids-limit 100 b", "create --pids-limit -1 b", "create --blkio-weight 300 --blkio-weight-device /dev/sda:200 b", "create --blkio-weight-device x b", "create --blkio-weight-device /dev/sda:5 b", "create --blkio-weight-device sda:500 b",
      "create --device-read-bps /dev/sda:1mb --device-write-bps /dev/sda:2k --device-read-iops /dev/sda:100 --device-write-iops /dev/sda:200 b", "create --device-read-bps /dev/sda:x b", "create --device-read-iops /dev/sda:1m b",
      "create --cap-add NET_ADMIN --cap-add ALL --cap-drop MKNOD b", "create --privileged --security-opt no-new-privileges --security-opt seccomp=unconfined --security-opt apparmor:x b", "create --security-opt foo b", "create --security-opt seccomp=seccomp.json b", "create --security-opt seccomp=nonexist b", "create --security-opt systempaths=unconfined b",
      "create --network none b", "create --network host b", "create --network mine --ip 10.0.0.5 --ip6 ::5 --network-alias a --network-alias b --link-local-ip 169.254.1.1 b", "create --net mine --net-alias x b", "create --network container:web b",
      "create --network a --network b b", "create --network a b", "create --network default b", "create --cpus 3/2 b", "create --cpus 1e-1 b", "create -v a: b", "create -v a:/b b", "create -v aa:c:/b -v c:/x:d:/y:ro -v /a:/b -v /a:/b b", "create -v .:/c -v ../x:/c b", "create -p ::1:5 b", "create -p [::1]:5 b", "create -p [::1]::5 b", "create -p [fe80::1.2.3.4]:5:6 b", "create -v :: b", "create -v ab: b", "create --dns 127.0.0.1 --dns ::1 b", "create --pids-limit 0x10 --oom-score-adj 010 b", "create --network a --network a b", "create --network host --network a b", "create --network name=mine,alias=db,ip=10.0.0.2,driver-opt=a=b b", "create --network alias=x b", "create --network name=mine,foo=bar b", "create --network name=mine,ip=1.1.1.1 --ip 2.2.2.2 b", "create --network name=mine,alias=x --network-alias y b",
      "create --link web:db --link c b", "create --network mine --link web:db b", "create --link a:b:c b", "create --mac-address 92:d0:c6:0a:29:33 b", "create --mac-address foo b",
      "create --dns 1.1.1.1 --dns-search example.com --dns-option ndots:1 --dns-opt x b", "create --dns foo b", "create --add-host a:1.2.3.4 --add-host b=::1 --add-host c:host-gateway b", "create --add-host foo b", "create --add-host a:x b",
      "create --pid host --ipc private --uts host --userns host --cgroupns private b", "create --pid container:web b", "create --pid foo b", "create --uts foo b", "create --userns foo b", "create --cgroupns foo b",
      "create --restart always b", "create --restart on-failure:5 b", "create --restart on-failure:x b", "create --rm b", "create --rm --restart always b", "create --init --read-only b", "create --init=false b", "create --shm-size 128m b",
      "create --ulimit nofile=1024:2048 --ulimit core=-1 b", "create --ulimit nofile b", "create --ulimit foo=1 b", "create --ulimit nofile=2:1 b", "create --ulimit nofile=x b", "create --ulimit nofile=1:2:3 b", "create --sysctl net.core.somaxconn=1 b", "create --sysctl foo=1 b",
      "create --entrypoint /x b y", "create --entrypoint '' b", "create --health-cmd 'x y' --health-interval 5s --health-timeout 1m30s --health-retries 3 --health-start-period 1s --health-start-interval 500ms b", "create --no-healthcheck b", "create --no-healthcheck --health-cmd x b", "create --health-interval -5s b", "create --health-interval 5 b", "create --health-interval x b",
      "create --stop-signal INT --stop-timeout 3 b", "create --stop-timeout 0 b", "create --log-driver none b", "create --log-driver json-file --log-opt max-size=1m --log-opt a b", "create --log-driver none --log-opt a=b b", "create --platform linux/386 b", "create --runtime x b",
      "create --device /dev/a --device /dev/b:/dev/c --device /dev/d:/dev/e:r --device /dev/f:rw b", "create --device-cgroup-rule 'c 1:3 rwm' b", "create --device-cgroup-rule x b", "create --group-add 1 --group-add x b", "create --storage-opt size=1g b", "create --storage-opt x b", "create --annotation a=b b",
      "create --cgroup-parent /x b", "create --cap-add net_admin --cap-drop NET_ADMIN --cap-drop CAP_CHOWN --cap-drop ALL b", "create --network bridge --link a:b b", "create --network bridge --mac-address 92:d0:c6:0a:29:33 b", "create --network none --network-alias x b", "create --network-alias x b", "create --security-opt systempaths=unconfined --security-opt no-new-privileges b", "create --ulimit core=1 --ulimit core=2:3 b", "create --pull foo b", "create -a foo b", "create --label '' b", "create --cidfile cid b",
    ].filter((line) => !line.includes("--cidfile")), { env }); // prettier-ignore
  });

  describe("run, exec and attach", () => {
    same(["run busybox", "run --rm busybox", "run -i busybox cat", "run -it busybox", "run -t busybox", "run -d -a stdout b", "run --rm --restart always b", "run -p foo b", "run UPPER", "run ''", "exec web ls", "exec -d web ls",
      "exec -i web cat", "exec -it web ls", "exec -e A=1 --env-file env -w /x -u 1 --privileged web ls -la", "start -a web", "start -ai web", "start -a a b", "run --pull never busybox", "run --pull always -q busybox", "run --pull always busybox",
      "logs web", "logs --since 1h --until 5m -n 5 -t --details -f web", "logs --since 2024-01-02T03:04:05Z web", "logs --since 2024-01-02 --until 1700000000 web", "logs --tail=3 web", "logs --since x web",
    ], { stdin: "typed\n", env: { FROM_ENV: "theirs" } }); // prettier-ignore
    same(["attach web", "attach --no-stdin web"], {
      // Docker looks a second time, for one that ended before it was attached to; its end is known from `wait` here.
      without: (request) => request.path.endsWith("/json"),
    });
    same(["run --sig-proxy=false -a stdout busybox"], {
      say: { "POST /containers/*/attach": { upgrade: frame(1, "hello\n"), hangUp: true } },
    });
    same(["run -d busybox", "run -d --rm --name x busybox true"], {
      // Docker waits for the end even so, and looks away.
      without: (request) => request.path.endsWith("/wait"),
    });
    same(["run busybox", "create busybox", "run --pull never busybox", "run -q busybox", "run a/b:c", "run busybox@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], {
      say: { "POST /containers/create": { status: 404, json: { message: "No such image: busybox:latest" } } },
    }); // prettier-ignore
    same(["run --name x busybox", "create --name x busybox"], {
      say: {
        "POST /containers/create": {
          status: 409,
          json: { message: 'Conflict. The container name "/x" is already in use' },
        },
      },
    });
    for (const reason of [
      'failed to create task for container: exec: "nosuch": executable file not found in $PATH: unknown',
      "failed to create task for container: permission denied: unknown",
      "driver failed programming external connectivity: port is already allocated",
    ])
      same(["run busybox nosuch", "run -d busybox nosuch"], {
        say: { "POST /containers/*/start": { status: 400, json: { message: reason } } },
        without: (request) => request.path.endsWith("/wait"),
      });
    same(["attach web", "start -a web"], {
      say: { "GET /containers/*/json": (_, answers) => ({ json: answers.container({ running: false }) }) },
    });
    same(["exec web false"], {
      say: { "GET /exec/*/json": (_, answers) => ({ json: { ...answers.exec, ExitCode: 126 } }) },
    });
    same(["run busybox"], {
      say: {
        "POST /containers/create": (_, answers) => ({
          status: 201,
          json: { Id: answers.id("1"), Warnings: ["something is discarded"] },
        }),
      },
    });
    same(["logs web"], {
      say: { "GET /containers/*/json": (_, answers) => ({ json: answers.container({ tty: true }) }) },
    });
  });

  describe("build", () => {
    const env = { FROM_ENV: "theirs" };
    same([
      "build context", "build -q context", "build nonexist", "build context/x", "build -f nope context", "build -t UP context", "build -t a:b -t c --build-arg A=1 --build-arg FROM_ENV --build-arg NOT_THERE --label l=1 --target x --no-cache --pull context",
      "build --memory 1g --memory-swap -1 --ulimit nofile=1:2 --add-host a:1.2.3.4 --add-host b:1.1.1.1 --network host --shm-size 1m --rm=false --force-rm --cache-from a,b -c 5 --cpu-period 1 --cpu-quota 2 --cpuset-cpus 0 --cpuset-mems 1 --platform LINUX/386 --cgroup-parent x context",
      "build", "build a b", "build -f - -", "image build context", "builder build context",
    ], { env }); // prettier-ignore
    same(["build -", "build -t a -"], { stdin: "FROM busybox\n" });
    same(["build context", "build -q context"], {
      say: { "POST /build": { headers: { "Content-Type": "application/json" }, chunks: ['{"stream":"Step 1/1 : RUN false\\n"}\n', '{"errorDetail":{"code":1,"message":"returned a non-zero code: 1"},"error":"returned a non-zero code: 1"}\n'] } },
    }); // prettier-ignore
  });

  describe.skipIf(!HAS_SCRIPT)("on a terminal", () => {
    test.each([
      "pull busybox",
      "push a",
      "images",
      "load -i archive.tar",
      "import archive.tar a",
      "save a",
      "export a",
      "ps --help",
    ])("docker %s", async (line) => {
      recorder.say({});
      const theirs = spawn("script", ["-qec", `stty cols 120 rows 30; ${DOCKER} ${line}`, "/dev/null"], {
        cwd: home,
        env: {
          HOME: home,
          PATH: "/bin:/usr/bin",
          TZ: "UTC",
          SHELL: "/bin/sh",
          DOCKER_HOST: `tcp://127.0.0.1:${recorder.port}`,
        },
        stdio: ["ignore", "pipe", "ignore"],
      });
      let screen = "";
      theirs.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString()));
      const theirStatus = await new Promise((resolve) => theirs.on("close", resolve));
      const theirRequests = recorder.take();
      const io = testCli(recorder.port, { tty: { cols: 120, rows: 30 }, cwd: home });
      const status = await run(["docker", ...line.split(" ")], io);
      const { requests } = tolerate({ status, stdout: "", stderr: "", requests: recorder.take() });
      expect(requests).toEqual(tolerate({ status, stdout: "", stderr: "", requests: theirRequests }).requests);
      if (!line.endsWith("--help")) expect(io.allText().replaceAll("\n", "\r\n")).toBe(screen);
      expect(status).toBe(theirStatus);
    });
  });

  test("the same files are left out of a build by the same .dockerignore", async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    let state = seed || 1;
    const below = (count: number): number => {
      state = (state * 48271) % 2147483647;
      return state % count;
    };
    const place = join(home, "ignoring");
    for (const directory of ["a", "a/b", "a/b/c", "b", "c.d"]) {
      await mkdir(join(place, directory), { recursive: true });
      for (const name of ["x", "y.log", "z.md", "[q]"]) await writeFile(join(place, directory, name), name);
    }
    await writeFile(join(place, "Dockerfile"), "FROM x\n");
    const parts = ["a", "b", "*", "**", "?", "*.log", "x", "c.d", "[a-b]", "y*", ".", "..", "[^a]", "\\\\[q]"];
    for (let round = 0; round < 25; round++) {
      const lines = Array.from({ length: 1 + below(4) }, () => {
        const path = Array.from({ length: 1 + below(3) }, () => parts[below(parts.length)]).join("/");
        return `${["", "", "!", "/", "# "][below(5)]}${path}${["", "", "/"][below(3)]}`;
      });
      await writeFile(join(place, ".dockerignore"), lines.join("\n"));
      const { docker, ours } = await both(["build", "-q", "ignoring"]);
      // Directories that are left out themselves are there for docker if something in them is not.
      const files = ({ requests }: Outcome) =>
        requests.map(({ body }) => (body as unknown as string[]).filter((line) => !line.startsWith("d")));
      expect(files(ours), `seed ${seed}: ${JSON.stringify(lines)}`).toEqual(files(docker));
    }
  }, 60_000);
});
