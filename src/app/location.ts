/** Where in the course the address points: `#lesson=process-in-a-bubble&step=two-pids`. */
export interface Place {
  lesson?: string;
  step?: string;
}

export function readPlace(hash: string): Place {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  return { lesson: fields.get("lesson") ?? undefined, step: fields.get("step") ?? undefined };
}

export function writePlace(place: Place): string {
  const fields = new URLSearchParams();
  if (place.lesson) fields.set("lesson", place.lesson);
  if (place.step) fields.set("step", place.step);
  return `#${fields}`;
}
