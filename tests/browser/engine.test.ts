/** Docker in the page: the engine runs beside the machine, its command line is typed in a terminal of the guest. */
import { afterAll, afterEach, beforeAll, test } from "vitest";
import { expect, openSite, ready, screen, task, typeLine, visit, type Site } from "./site";

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

test("docker run -it busybox sh pulls, starts, and is seen in the picture", async () => {
  const { page, errors } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "docker run -it --name glass busybox sh");
  await expect(screen(page, 1)).toContainText("Status: Downloaded newer image for busybox:latest");
  await expect(screen(page, 1)).toContainText("/ #");
  await typeLine(page, 1, "sleep 1000 &");
  await expect(task(page, "sleep")).toBeVisible();
  await typeLine(page, 2, "docker ps");
  await expect(screen(page, 2)).toContainText(/busybox +"sh" .* glass/);
  await typeLine(page, 1, "exit");
  await expect(task(page, "sleep")).toHaveCount(0);
  await typeLine(page, 1, "docker rm glass");
  await typeLine(page, 1, "curl --unix-socket /var/run/docker.sock http://docker/_ping || docker images");
  await expect(screen(page, 1)).toContainText(/busybox +latest/);
  expect(errors).toEqual([]);
});

test("a saved session comes back with its image and its container", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "docker run -d --name stays busybox sleep 1000; echo done $?");
  await expect(screen(page, 1)).toContainText("done 0");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText(/Session saved/)).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(task(page, "sleep")).toBeVisible();
  await typeLine(page, 2, "docker ps; docker exec stays hostname; docker rm -f stays");
  await expect(screen(page, 2)).toContainText(/busybox +"sleep 1000" .* stays/);
  await expect(task(page, "sleep")).toHaveCount(0);
});
