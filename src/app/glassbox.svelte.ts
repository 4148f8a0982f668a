import type { Lesson, LessonProgress } from "../protocol/lesson";
import type { SavedState, StartOptions } from "../protocol/machine";
import { Course } from "./course.svelte";
import type { Launch } from "./launch";
import { readPlace, writePlace, type Place } from "./location";
import { MachineControl } from "./machine-control.svelte";
import { Notices } from "./notices.svelte";
import { Picture } from "./picture.svelte";
import { progressOf, storeProgress } from "./progress";
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

  lessons = $state.raw<Lesson[]>([]);
  course = $state.raw<Course>();
  offer = $state.raw<Offer>();
  /** The pane that a narrow page shows. */
  pane = $state<"lesson" | "picture" | "terminal">("lesson");

  #keep: Keep = memoryKeep();
  /** The last progress belongs to the offer: a fresh visit does not write over it before it went further. */
  #guarded: LessonProgress | undefined;

  constructor(first: Launch, manifestUrl: string, settings: Settings) {
    this.settings = settings;
    this.machine = new MachineControl(first, manifestUrl);
    this.terminals = new Terminals(this.machine);
    this.machine.listen({
      onview: (view) => {
        this.picture.push(view);
        this.course?.onview(view);
      },
      onchanges: (batch) => this.timeline.push(batch),
      onterminal: (terminal, bytes) => this.terminals.onterminal(terminal, bytes),
      onrestored: () => {
        this.terminals.onrestored();
        this.picture.clear();
        this.timeline.clear();
      },
    });
    document.addEventListener("visibilitychange", () => {
      void this.machine.hidden(document.hidden, settings.pauseWhenHidden);
    });
    void this.#begin();
  }

  /** Opens a lesson; it begins once the machine has come up. */
  openLesson(lesson: Lesson, options: { progress?: LessonProgress; prepared?: boolean } = {}): void {
    this.course?.close();
    const course = new Course(
      lesson,
      {
        machine: this.machine,
        typeInto: (terminal, text) => this.typeInto(terminal, text),
        storeProgress: (progress) => void this.#storeProgress(progress),
        oncheckpoint: (state, place) => void this.#keepCheckpoint(course, state, place),
      },
      options,
    );
    this.course = course;
    if (this.machine.alive) course.send({ kind: "start" });
  }

  /** Types text into a terminal (from 0) and brings that terminal to the front. */
  typeInto(terminal: number, text: string): void {
    this.terminals.show(terminal);
    this.pane = "terminal";
    if (this.machine.status.phase === "paused") void this.machine.resume();
    this.terminals.type(terminal, new TextEncoder().encode(text));
  }

  /** Back to where the last visit ended. */
  async resumeOffer(): Promise<void> {
    const offer = this.offer;
    this.offer = undefined;
    this.#guarded = undefined;
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
    const lesson = this.#lesson(session?.lesson ?? progress?.lesson);
    if (!lesson) return;
    const step = session?.step ?? progress?.step;
    const known = (await progressOf(this.#keep, lesson))?.progress;
    if (step) this.openLesson(lesson, { progress: this.#at(lesson, step, known), prepared: session !== undefined });
  }

  /** Forgets the last visit's session and place; what was passed stays passed. The offer goes when they are forgotten. */
  async discardOffer(): Promise<void> {
    const { offer, course } = this;
    this.#guarded = undefined;
    try {
      await discardSession(this.#keep);
      const known = course && (await progressOf(this.#keep, course.lesson));
      if (course) await this.#storeProgress(this.#at(course.lesson, course.step.id, known?.progress));
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
      this.#guarded = undefined;
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
    if (started.ok) this.course?.send({ kind: "start" });
  }

  /** An address that leads to this step. */
  linkToStep(): string {
    return new URL(writePlace(this.#place()), location.href.split("#")[0]).href;
  }

  async #begin(): Promise<void> {
    const [keep, { lessons }] = await Promise.all([openKeep(), import("virtual:course")]);
    this.#keep = keep;
    this.lessons = lessons;
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
    if (started.ok) this.course?.send({ kind: "start" });
  }

  /** The lesson of the address, or the first one; offers to go back to where the last visit ended. */
  async #openFirst(): Promise<void> {
    const place = readPlace(location.hash);
    const lesson = this.#lesson(place.lesson) ?? this.lessons[0];
    if (!lesson) return;
    const { progress: known, notice } = (await progressOf(this.#keep, lesson)) ?? {};
    if (notice) this.notices.show({ subject: "progress", tone: "info", what: notice });
    const wanted = place.lesson === lesson.id && lesson.steps.some((step) => step.id === place.step);
    const first = wanted ? place.step! : lesson.steps[0].id;
    const session = await sessionInfo(this.#keep).catch(() => undefined);
    if (session || (known && known.step !== first && !known.finished)) {
      this.#guarded = known;
      this.#makeOffer(lesson, session, known);
    }
    this.openLesson(lesson, { progress: this.#at(lesson, first, known) });
  }

  #makeOffer(opened: Lesson, session: SessionInfo | undefined, progress: LessonProgress | undefined): void {
    const lesson = session ? this.#lesson(session.lesson) : opened;
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

  #at(lesson: Lesson, step: string, known: LessonProgress | undefined): LessonProgress {
    return {
      lesson: lesson.id,
      version: lesson.version,
      step,
      passed: known?.passed ?? [],
      finished: known?.finished ?? false,
      changedAt: Date.now(),
    };
  }

  #lesson(id: string | undefined): Lesson | undefined {
    return this.lessons.find((lesson) => lesson.id === id);
  }

  #place(): Place {
    return this.course ? { lesson: this.course.lesson.id, step: this.course.step.id } : {};
  }

  async #storeProgress(progress: LessonProgress): Promise<void> {
    const guarded = this.#guarded;
    if (guarded && progress.passed.length <= guarded.passed.length) return;
    this.#guarded = undefined;
    await storeProgress(this.#keep, progress).catch(() => {
      this.notices.show({
        subject: "storage",
        tone: "warning",
        what: "The browser had no room for your lesson progress.",
        kept: "The lesson goes on; what was stored before is still there.",
        remedy: "Free some space for this site.",
      });
    });
  }

  /** The start of each step is what the next visit can go back to, unless the last visit still waits for an answer. */
  async #keepCheckpoint(course: Course, state: SavedState, place: Required<Place>): Promise<void> {
    if (this.offer || course.state.stepIndex === 0) return;
    // Without room the next visit starts fresh; the lesson itself needs nothing of it.
    await keepSession(this.#keep, state, place).catch(() => {});
  }
}
