import type { RestartPolicy } from "../../protocol/docker";

const NAMES = ["no", "always", "unless-stopped", "on-failure"];

/** Reads `on-failure:3`. Throws an Error worded as Docker's. */
export const parseRestartPolicy = (text: string): RestartPolicy => {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  let count = 0;
  if (colon >= 0) {
    const number = text.slice(colon + 1);
    if (!/^([-+]?\d+)?$/.test(number))
      throw new Error("invalid restart policy format: maximum retry count must be an integer");
    count = Number(number);
  }
  if (colon === 0) throw new Error("invalid restart policy format: no policy provided before colon");
  // What the name means is the engine's business.
  return { Name: (NAMES.includes(name) ? name : name) as RestartPolicy["Name"], MaximumRetryCount: count };
};
