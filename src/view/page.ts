import { mount } from "svelte";
import { Glassbox } from "../app/glassbox.svelte";
import type { Launch } from "../app/launch";
import { Settings } from "../app/settings.svelte";
import Page from "./Page.svelte";

/** Draws the page of a machine that is on its way. */
export function draw(target: HTMLElement, first: Launch, manifestUrl: string): void {
  mount(Page, { target, props: { glassbox: new Glassbox(first, manifestUrl, new Settings()) } });
}
