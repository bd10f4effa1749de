import { causeOf } from "../../ops/lib/causes";

test.each([
  ["write /var/lib/docker/x: no space left on device", "disk is full"],
  ["No such image: hypha-prod-images/bridge:1", "image is not on that host"],
  ['no suitable node (scheduling constraints not satisfied on 1 node)"', "no host fits"],
  ["driver failed: Bind for 0.0.0.0:443 failed: port is already allocated", "holds the port"],
  ["secret reference abc not found", "gone from the swarm"],
  ["Failed: task: non-zero exit (137)", "killed, most likely for its memory"],
  ["/usr/bin/env: 'bash': No such file\nFailed: task: non-zero exit (127)", "cannot be started"],
  ["Failed: task: non-zero exit (143): dockerexec: unhealthy container", "never became healthy"],
  ["Failed: task: non-zero exit (1)", "ended by itself"],
])("%s", (said, words) => {
  expect(causeOf(said)).toContain(words);
});

test("of what is not known nothing is guessed", () => {
  expect(causeOf("web1: the server cannot be reached")).toBeUndefined();
});
