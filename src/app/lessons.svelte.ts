import { adapt, exportProgress, importProgress, record, type ProgressBook } from "../lesson/progress";
import type { Course, Lesson, LessonProgress, LessonSummary } from "../protocol/lesson";
import { LessonRun, type LessonHost } from "./lesson-run.svelte";
import type { Notices } from "./notices.svelte";
import { loadBook, storeBook } from "./progress";
import { memoryKeep, type Keep } from "./storage";

/** The course, what the learner did in it, and the lesson that is open. */
export class Lessons {
  /** The lessons in their parts, and the words of the field. */
  course = $state.raw<Course>();
  /** In the order of the course; lessons from elsewhere follow. */
  all = $state.raw<LessonSummary[]>([]);
  book = $state.raw<ProgressBook>({});
  /** The lesson that is open. */
  run = $state.raw<LessonRun>();

  readonly #host: Omit<LessonHost, "storeProgress">;
  readonly #notices: Notices;
  #keep: Keep = memoryKeep();
  #load: Record<string, () => Promise<{ lesson: Lesson }>> = {};
  /** The last progress belongs to an offer: a fresh visit does not write over it before it went further. */
  guarded: LessonProgress | undefined;

  constructor(host: Omit<LessonHost, "storeProgress">, notices: Notices) {
    this.#host = host;
    this.#notices = notices;
  }

  /** Reads the course and what was passed on earlier visits. */
  async begin(keep: Keep): Promise<void> {
    const { course, lessons, load } = await import("virtual:course");
    this.#keep = keep;
    this.#load = { ...load, ...this.#load };
    this.book = await loadBook(keep);
    this.course = course;
    this.all = [...lessons, ...this.all];
    import.meta.hot?.on("glassbox:lessons", (changed: Lesson[]) => {
      // Vite takes its report of a mistake away only with an update of its own.
      document.querySelector("vite-error-overlay")?.remove();
      this.#rewrite(changed);
    });
  }

  /** While lessons are being written: the one that is open goes on as it is now, on the machine as it is. */
  #rewrite(changed: Lesson[]): void {
    for (const lesson of changed) this.#load[lesson.id] = () => Promise.resolve({ lesson });
    const { run } = this;
    if (run && this.find(run.lesson.id)) void this.open(run.lesson.id, { step: run.step.id, prepared: true });
  }

  find(id: string | undefined): LessonSummary | undefined {
    return this.all.find((lesson) => lesson.id === id);
  }

  /** The lesson after the one that is open. */
  get next(): LessonSummary | undefined {
    const at = this.all.findIndex(({ id }) => id === this.run?.lesson.id);
    return at < 0 ? undefined : this.all[at + 1];
  }

  /** What was passed in a lesson, as it applies to its present version; says so when that has changed. */
  known(lesson: LessonSummary): LessonProgress | undefined {
    if (!Object.hasOwn(this.book, lesson.id)) return undefined;
    const { progress, notice } = adapt(this.book[lesson.id], lesson);
    if (notice) this.#notices.show({ subject: "progress", tone: "info", what: notice });
    return progress;
  }

  /**
   * Opens a lesson at a step, or at its first; it begins once the machine has come up. `prepared`: the machine is what the
   * step begins with.
   */
  async open(id: string, { step, prepared }: { step?: string; prepared?: boolean } = {}): Promise<void> {
    const summary = this.find(id);
    if (!summary) return;
    let lesson: Lesson;
    try {
      ({ lesson } = await this.#load[id]());
    } catch (error) {
      this.#notices.show({
        subject: "lesson",
        tone: "failure",
        what: `The lesson “${summary.title}” could not be fetched (${String(error)}).`,
        kept: "The machine and the lesson that is open go on.",
        remedy: "See to the connection, then try again.",
        actions: [{ label: "Try again", run: () => void this.open(id, { step, prepared }) }],
      });
      return;
    }
    this.#notices.dismiss("lesson");
    this.run?.close();
    const at = lesson.steps.find((each) => each.id === step) ?? lesson.steps[0];
    const known = this.known(summary);
    const progress: LessonProgress = {
      lesson: id,
      version: lesson.version,
      step: at.id,
      passed: known?.passed ?? [],
      finished: known?.finished ?? false,
      changedAt: Date.now(),
    };
    this.run = new LessonRun(
      lesson,
      { ...this.#host, storeProgress: (changed) => void this.store(changed) },
      { progress, prepared },
    );
    if (this.#host.machine.alive) this.run.send({ kind: "start" });
  }

  /** Adds a lesson from elsewhere and opens it; one of the same name is replaced. */
  async add(lesson: Lesson): Promise<void> {
    const { id, title, summary, version, minutes, steps } = lesson;
    this.#load[id] = () => Promise.resolve({ lesson });
    this.all = [...this.all.filter((each) => each.id !== id), { id, title, summary, version, minutes, steps }];
    await this.open(id);
  }

  async store(progress: LessonProgress): Promise<void> {
    if (this.guarded && progress.passed.length <= this.guarded.passed.length) return;
    this.guarded = undefined;
    await this.#keepBook(record(this.book, progress));
  }

  /** The learner's progress as a file. */
  export(): string {
    return exportProgress(this.book);
  }

  /** Adds the progress of a file that `export` made. */
  async import(text: string): Promise<void> {
    const read = importProgress(this.book, text);
    if (!read.ok) {
      this.#notices.show({ subject: "import", tone: "warning", what: read.message });
      return;
    }
    await this.#keepBook(read.book);
    const count = Object.keys(read.book).length;
    const what = `Progress imported: ${count === 1 ? "1 lesson is" : `${count} lessons are`} known now.`;
    this.#notices.show({ subject: "import", tone: "info", what, brief: true });
  }

  async #keepBook(book: ProgressBook): Promise<void> {
    this.book = book;
    await storeBook(this.#keep, book).catch(() => {
      this.#notices.show({
        subject: "storage",
        tone: "warning",
        what: "The browser had no room for your lesson progress.",
        kept: "The lesson goes on, and this tab remembers it; what was stored before is still there.",
        remedy: "Free some space for this site, or export your progress from the list of lessons.",
      });
    });
  }
}
