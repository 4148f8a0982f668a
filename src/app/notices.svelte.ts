/** Things a visitor should know: what happened, what was kept, what to do. */

export interface NoticeAction {
  label: string;
  run(): void;
}

export interface Notice {
  /** One notice per subject: a newer one takes its place. */
  subject: string;
  tone: "info" | "warning" | "failure";
  what: string;
  kept?: string;
  remedy?: string;
  actions?: NoticeAction[];
  /** Goes by itself after some seconds; only for good news. */
  brief?: boolean;
}

/** How long a brief notice stays. */
export const BRIEF_MS = 6000;

export class Notices {
  list = $state.raw<Notice[]>([]);

  show(notice: Notice): void {
    this.list = [...this.list.filter((other) => other.subject !== notice.subject), notice];
    if (notice.brief) setTimeout(() => this.#drop(notice), BRIEF_MS);
  }

  dismiss(subject: string): void {
    this.list = this.list.filter((notice) => notice.subject !== subject);
  }

  #drop(notice: Notice): void {
    this.list = this.list.filter((other) => other !== notice);
  }
}
