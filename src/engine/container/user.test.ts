import { expect, test } from "vitest";
import { lookUpUser } from "./user";

const PASSWD = "root:x:0:0:root:/root:/bin/sh\nfish:x:1000:100:a fish:/home/fish:/bin/sh\n";
const GROUP = "root:x:0:\nswimmers:x:100:\nreef:x:200:fish,crab\n";
const look = (wanted: string, more: string[] = []) => lookUpUser(wanted, PASSWD, GROUP, more);

test("a name is looked up, with its groups and its home", () => {
  expect(look("fish")).toEqual({ uid: 1000, gid: 100, groups: [100, 200], home: "/home/fish" });
  expect(look("")).toEqual({ uid: 0, gid: 0, groups: [0], home: "/root" });
});

test("a number need not be known, and a group may be named", () => {
  expect(look("4242")).toEqual({ uid: 4242, gid: 0, groups: [0], home: "/" });
  expect(look("fish:reef")).toEqual({ uid: 1000, gid: 200, groups: [200], home: "/home/fish" });
  expect(look("1000:55", ["swimmers", "7"])).toEqual({ uid: 1000, gid: 55, groups: [55, 100, 7], home: "/home/fish" });
});

test("a name that nobody knows is refused in Docker's words", () => {
  expect(() => look("whale")).toThrow("unable to find user whale: no matching entries in passwd file");
  expect(() => look("fish:whales")).toThrow("unable to find group whales: no matching entries in group file");
});
