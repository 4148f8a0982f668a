import type { ObjectRef } from "../protocol/evidence";
import type { LessonProgress, LessonSummary, ViewId } from "../protocol/lesson";
import type { SavedState, StartOptions } from "../protocol/machine";
import { EngineRecord } from "./engine-record.svelte";
import type { LessonRun } from "./lesson-run.svelte";
import type { PackedFile } from "../lesson/pack";
import { packOfAddress, packOfFiles } from "./foreign-lesson";
import { Lessons } from "./lessons.svelte";
import type { Launch } from "./launch";
import { readPlace, writePlace, type Place } from "./location";
import { MachineControl } from "./machine-control.svelte";
import { Notices } from "./notices.svelte";
import { Picture } from "./picture.svelte";
import { Selection } from "./selection.svelte";
import { discardSession, keepSession, loadSession, sessionInfo, type SessionInfo } from "./session";
import type { Settings } from "./settings.svelte";
import { memoryKeep, openKeep, type Keep } from "./storage";
import { Terminals } from "./terminals.svelte";
import { Timeline } from "./timeline.svelte";

/** What a visitor may go back to; they decide. */
export interface Offer {
  session?: SessionInfo;
  progress?: LessonProgress;
  lessonTitle?: string;
  stepTitle?: string;
  stepNumber?: number;
  stepCount?: number;
}

/** Everything the page knows, and what happens between its parts. */
export class Glassbox {
  readonly settings: Settings;
  readonly notices = new Notices();
  readonly picture = new Picture();
  readonly selection = new Selection();
  readonly timeline = new Timeline();
  readonly terminals: Terminals;
  readonly machine: MachineControl;
  readonly engine: EngineRecord;

  readonly lessons: Lessons;
  offer = $state.raw<Offer>();
  /** The pane that a narrow page shows. */
  pane = $state<"lesson" | "picture" | "terminal">("lesson");

  /** How often the lesson pointed into the picture: where that lies over the page, each time opens it. */
  pictureAsked = $state(0);

  #keep: Keep = memoryKeep();

  constructor(first: Launch, manifestUrl: string, settings: Settings) {
    this.settings = settings;
    this.machine = new MachineControl(first, manifestUrl);
    this.terminals = new Terminals(this.machine);
    this.engine = new EngineRecord(this.machine);
    this.lessons = new Lessons(
      {
        machine: this.machine,
        typeInto: (terminal, text, aside) => this.typeInto(terminal, text, aside),
        show: (view, object) => this.show(view, object),
        oncheckpoint: (run, state, place) => void this.#keepCheckpoint(run, state, place),
      },
      this.notices,
    );
    this.machine.listen({
      onview: (view) => {
        this.picture.push(view);
        this.run?.onview(view);
      },
      onchanges: (batch) => {
        this.timeline.push(batch);
        this.run?.onchanges(batch);
      },
      onterminal: (terminal, bytes) => this.terminals.onterminal(terminal, bytes),
      onactivity: (activity) => this.engine.push(activity),
      onrestored: () => {
        this.terminals.onrestored();
        this.picture.clear();
        this.timeline.clear();
        this.engine.clear();
      },
    });
    document.addEventListener("visibilitychange", () => {
      void this.machine.hidden(document.hidden, settings.pauseWhenHidden);
    });
    void this.#begin();
  }

  /** The lesson that is open. */
  get run(): LessonRun | undefined {
    return this.lessons.run;
  }

  /** Opens a view, selects an object, or both; on a narrow page the picture comes to the front. */
  show(view: ViewId | undefined, object: ObjectRef | undefined): void {
    if (view) this.settings.shownView = view;
    if (object) this.selection.select(object);
    this.pane = "picture";
    this.pictureAsked++;
  }

  /** Types text into a terminal (from 0) and brings that terminal to the front; `aside`: not the pane of terminals. */
  typeInto(terminal: number, text: string, aside = false): void {
    this.terminals.show(terminal);
    if (!aside) this.pane = "terminal";
    if (this.machine.status.phase === "paused") void this.machine.resume();
    this.terminals.type(terminal, new TextEncoder().encode(text));
  }

  /** Opens a lesson from files that were dropped or chosen. */
  async openFiles(files: File[]): Promise<void> {
    await this.#openPack(await packOfFiles(files));
  }

  /** Opens a lesson from an address somebody gave. */
  async openAddress(address: string): Promise<void> {
    await this.#openPack(await packOfAddress(address));
  }

  async #openPack(packed: PackedFile[] | string): Promise<void> {
    // What reads Markdown and YAML is fetched only by those who need it.
    const read =
      typeof packed === "string"
        ? { ok: false as const, what: packed, problems: [] }
        : await (await import("../lesson/pack")).readPack(packed);
    if (read.ok) {
      this.pane = "lesson";
      return this.lessons.add(read.lesson);
    }
    this.notices.show({
      subject: "lesson",
      tone: "warning",
      what: `No lesson was opened. ${read.what}`,
      kept: read.problems.join("\n") || undefined,
      remedy: "The machine and the lesson that is open go on.",
    });
  }

  /** Back to where the last visit ended. */
  async resumeOffer(): Promise<void> {
    const offer = this.offer;
    this.offer = undefined;
    this.lessons.guarded = undefined;
    if (!offer) return;
    const { session, progress } = offer;
    if (session) {
      const state = await loadSession(this.#keep).catch(() => undefined);
      const restored = state && (await this.machine.restore(state));
      if (!restored?.ok) {
        this.notices.show({
          subject: "session",
          tone: "failure",
          what: restored ? restored.failure.what : "The saved session could not be read.",
          kept: "The machine goes on as it is; the saved session was not touched.",
          remedy: "Try again, or go on with a fresh machine.",
          actions: [{ label: "Try again", run: () => ((this.offer = offer), void this.resumeOffer()) }],
        });
        return;
      }
    }
    const lesson = session?.lesson ?? progress?.lesson;
    const step = session?.step ?? progress?.step;
    if (lesson && step) await this.lessons.open(lesson, { step, prepared: session !== undefined });
  }

  /** Forgets the last visit's session and place; what was passed stays passed. The offer goes when they are forgotten. */
  async discardOffer(): Promise<void> {
    const { offer, run } = this;
    this.lessons.guarded = undefined;
    try {
      await discardSession(this.#keep);
      if (run) await this.lessons.store(run.progress());
    } catch {
      this.notices.show({
        subject: "session",
        tone: "warning",
        what: "The browser could not delete the saved session.",
        kept: "It is still there, and your next visit will offer it again.",
        remedy: "To delete it, clear the site data of this page.",
      });
    }
    if (this.offer === offer) this.offer = undefined;
  }

  /** Keeps the machine and the place in the lesson for the next visit. */
  async saveSession(): Promise<void> {
    const saved = await this.machine.save();
    if (!saved.ok) {
      this.notices.show({
        subject: "session",
        tone: "failure",
        ...saved.failure,
        actions: [{ label: "Try again", run: () => void this.saveSession() }],
      });
      return;
    }
    try {
      const info = await keepSession(this.#keep, saved.value, this.#place());
      this.offer = undefined;
      this.lessons.guarded = undefined;
      this.notices.show({
        subject: "session",
        tone: "info",
        what: `Session saved: ${(info.sizeBytes / 1024 ** 2).toFixed(1)} MiB.`,
        kept: this.#keep.lasting
          ? "It stays in this browser; nothing left it. Your next visit will offer it."
          : "This browser denies storage, so it lasts until you close this tab.",
        brief: true,
      });
    } catch (error) {
      this.notices.show({
        subject: "session",
        tone: "failure",
        what: `The browser had no room for the session (${String(error)}).`,
        kept: "The machine runs on, and what was saved before is still there.",
        remedy: "Free some space for this site, then save again.",
        actions: [{ label: "Save again", run: () => void this.saveSession() }],
      });
    }
  }

  /** Power-cycles the machine; the lesson stays at its step. */
  async resetMachine(): Promise<void> {
    const reset = await this.machine.reset();
    if (!reset.ok && this.machine.status.phase !== "failed") {
      this.notices.show({ subject: "machine", tone: "failure", ...reset.failure });
    }
  }

  /** A new worker and a new start, after a failure. */
  async startAgain(options: Omit<StartOptions, "manifestUrl"> = {}): Promise<void> {
    const started = await this.machine.startAnew(options);
    if (started.ok) this.run?.send({ kind: "start" });
  }

  /** An address that leads to this step. */
  linkToStep(): string {
    return new URL(writePlace(this.#place()), location.href.split("#")[0]).href;
  }

  async #begin(): Promise<void> {
    const keep = await openKeep();
    this.#keep = keep;
    await this.lessons.begin(keep);
    if (!keep.lasting) {
      this.notices.show({
        subject: "storage",
        tone: "warning",
        what: "This browser denies storage to the page.",
        kept: "Everything works, but progress and sessions last only until you close this tab.",
        remedy: "To keep them, allow site data for this page and reload.",
      });
    }
    await this.#openFirst();
    const started = await this.machine.started;
    if (started.ok) this.run?.send({ kind: "start" });
    addEventListener("hashchange", () => void this.#follow());
  }

  /** Goes to the lesson and step that a link within the page names. */
  async #follow(): Promise<void> {
    const { lesson, step } = readPlace(location.hash);
    if (!lesson || !this.lessons.find(lesson)) return;
    const at = this.run?.lesson.id === lesson ? this.run.lesson.steps.findIndex(({ id }) => id === step) : -1;
    if (at >= 0) this.run!.send({ kind: "go", step: at });
    else await this.lessons.open(lesson, { step });
  }

  /** The lesson of the address, or the first one; offers to go back to where the last visit ended. */
  async #openFirst(): Promise<void> {
    const place = readPlace(location.hash);
    const lesson = this.lessons.find(place.lesson) ?? this.lessons.all[0];
    if (!lesson) return;
    const known = this.lessons.known(lesson);
    const wanted = place.lesson === lesson.id && lesson.steps.some(({ id }) => id === place.step);
    const step = wanted ? place.step! : lesson.steps[0].id;
    const session = await sessionInfo(this.#keep).catch(() => undefined);
    if (session || (known && known.step !== step && !known.finished)) {
      this.lessons.guarded = known;
      this.#makeOffer(lesson, session, known);
    }
    await this.lessons.open(lesson.id, { step });
  }

  #makeOffer(opened: LessonSummary, session: SessionInfo | undefined, progress: LessonProgress | undefined): void {
    const lesson = session ? this.lessons.find(session.lesson) : opened;
    const stepId = session ? session.step : progress?.step;
    const index = lesson?.steps.findIndex((step) => step.id === stepId) ?? -1;
    this.offer = {
      session,
      progress,
      lessonTitle: lesson?.title,
      ...(lesson && index >= 0
        ? { stepTitle: lesson.steps[index].title, stepNumber: index + 1, stepCount: lesson.steps.length }
        : {}),
    };
  }

  #place(): Place {
    return this.run ? { lesson: this.run.lesson.id, step: this.run.step.id } : {};
  }

  /** The start of each step is what the next visit can go back to, unless the last visit still waits for an answer. */
  async #keepCheckpoint(run: LessonRun, state: SavedState, place: Required<Place>): Promise<void> {
    if (this.offer || run.state.stepIndex === 0) return;
    // Without room the next visit starts fresh; the lesson itself needs nothing of it.
    await keepSession(this.#keep, state, place).catch(() => {});
  }
}
