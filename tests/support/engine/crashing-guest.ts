/**
 * A guest whose boxd is killed after so many steps: the requests that an engine sends are the real ones, cut short, and the
 * boxd that takes them is the real one. What is cut off is never taken, as if boxd had died there.
 */
import type { Process } from "../../../src/agent/process";
import { concat } from "../../../src/engine/boxd";
import type { Guest } from "../../../src/engine/guest";
import { BOXD_PATH, Request, StepCode } from "../../../src/protocol/boxd";

/** Bytes of a request before its body, and of a step before its fields. */
const REQUEST_HEAD = 9;
const STEP_HEAD = 7;

export interface Crash {
  /** Steps that are taken before; those inside wrappers count as well. */
  after: number;
  /** What happens then, instead of an answer. */
  happens(boxdPid: number): Promise<void>;
}

export interface CrashingGuest {
  guest: Guest;
  /** The next steps count from here on. */
  arm(crash: Crash): void;
  /** Resolves when it has happened. */
  crashed: Promise<void>;
  /** Steps since it was armed. */
  taken(): number;
}

export function crashingGuest(guest: Guest): CrashingGuest {
  let armed: Crash | undefined;
  let taken = 0;
  let over!: () => void;
  const crashed = new Promise<void>((resolve) => (over = resolve));

  function run(request: Parameters<Guest["run"]>[0]): Process {
    const real = guest.run(request);
    if (request.argv?.[0] !== BOXD_PATH) return real;
    const writer = real.stdin.getWriter();
    let held = new Uint8Array(0);
    /** Id of the request that was cut. */
    let last: number | undefined;
    const stdin = new WritableStream<Uint8Array>({
      async write(bytes) {
        held = concat(held, bytes);
        while (held.length >= 4) {
          const length = 4 + new DataView(held.buffer, held.byteOffset).getUint32(0, true);
          if (held.length < length) return;
          const whole = held.slice(0, length);
          held = held.slice(length);
          // A dead boxd reads nothing.
          if (last !== undefined) continue;
          const cut = cutRequest(whole);
          if (cut !== whole) last = new DataView(whole.buffer).getUint32(4, true);
          await writer.write(cut);
        }
      },
    });
    let answers = new Uint8Array(0);
    const stdout = real.stdout.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        async transform(bytes, controller) {
          answers = concat(answers, bytes);
          while (answers.length >= 4) {
            const view = new DataView(answers.buffer, answers.byteOffset);
            const length = 4 + view.getUint32(0, true);
            if (answers.length < length) return;
            const id = view.getUint32(4, true);
            const answer = answers.slice(0, length);
            answers = answers.slice(length);
            if (id !== last) controller.enqueue(answer);
            else {
              await armed!.happens(await real.started);
              over();
            }
          }
        },
      }),
    );
    const process = { started: real.started, exited: real.exited, stdin, stdout, stderr: real.stderr };
    return { ...process, cancel: () => real.cancel() } as unknown as Process;
  }

  /** The request itself, or as much of it as is still to be taken. */
  function cutRequest(request: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const type = request[8];
    if (!armed || (type !== Request.PLAN && type !== Request.START)) return request;
    const at = REQUEST_HEAD + (type === Request.START ? startHead(request.subarray(REQUEST_HEAD)) : 0);
    const left = { steps: armed.after - taken };
    const plan = cutSteps(request.slice(at), left, type === Request.START);
    taken = armed.after - left.steps;
    if (left.steps > 0) return request;
    const cut = concat(request.subarray(0, at), plan);
    new DataView(cut.buffer).setUint32(0, cut.length - 4, true);
    return cut;
  }

  return {
    guest: {
      run,
      execute: (...words) => guest.execute(...words),
      connect: (...words) => guest.connect(...words),
      listen: (...words) => guest.listen(...words),
    },
    arm: (crash) => ((armed = crash), (taken = 0)),
    crashed,
    taken: () => taken,
  };
}

/** Flags, a terminal's size, the most bytes of a log; a directory and a file, each ended by a NUL. */
function startHead(body: Uint8Array): number {
  const directory = body.indexOf(0, 9);
  return body.indexOf(0, directory + 1) + 1;
}

/** The first so many steps, those inside counted. A process that would become a program sleeps where it has got to. */
function cutSteps(steps: Uint8Array<ArrayBuffer>, left: { steps: number }, becomes: boolean): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const view = new DataView(steps.buffer, steps.byteOffset, steps.length);
  for (let at = 0; at < steps.length;) {
    if (left.steps === 0) {
      if (becomes) parts.push(SLEEP);
      break;
    }
    const code = view.getUint8(at + 2);
    const end = at + STEP_HEAD + view.getUint32(at + 3, true);
    const fields = wrapperFields(code, steps.subarray(at + STEP_HEAD, end));
    left.steps--;
    if (fields === undefined) parts.push(steps.slice(at, end));
    else {
      const inside = cutSteps(steps.slice(at + STEP_HEAD + fields, end), left, becomes);
      const wrapper = concat(steps.slice(at, at + STEP_HEAD + fields), inside);
      new DataView(wrapper.buffer).setUint32(3, fields + inside.length, true);
      parts.push(wrapper);
      // It sleeps inside already.
      if (becomes && left.steps === 0) break;
    }
    at = end;
  }
  return concat(...parts);
}

/** How long a wrapper's own fields are; undefined for a step that is none. */
function wrapperFields(code: number, body: Uint8Array): number | undefined {
  const text = (from: number) => body.indexOf(0, from) + 1;
  switch (code) {
    case StepCode.UNSHARE:
      return 5;
    case StepCode.SETNS:
      return 9;
    case StepCode.NETNS_EXEC:
    case StepCode.CHROOT:
      return text(0);
    case StepCode.USERNS_EXEC:
      return text(4);
    case StepCode.SETPRIV:
      return text(19 + 4 * (body[17] | (body[18] << 8)));
    default:
      return undefined;
  }
}

/** A step that becomes `sleep 1000`, with the environment there is. */
const SLEEP = ((): Uint8Array => {
  const words = new TextEncoder().encode("/bin/sleep\0" + "1000\0");
  const fields = concat(Uint8Array.of(2, 0, 0xff, 0xff), words);
  const head = new Uint8Array(STEP_HEAD);
  const view = new DataView(head.buffer);
  view.setUint16(0, 0xfffe, true);
  view.setUint8(2, StepCode.EXEC);
  view.setUint32(3, fields.length, true);
  return concat(head, fields);
})();
