import { causeOf } from "../../ops/lib/causes";

test.each([
  ["write /var/lib/docker/x: no space left on device", "disk is full"],
  ["No such image: hypha-prod-images/bridge:1", "image is not on that host"],
  ['no suitable node (scheduling constraints not satisfied on 1 node)"', "no host fits"],
  ["driver failed: Bind for 0.0.0.0:443 failed: port is already allocated", "holds the port"],
  ["Pending: no suitable node (host-mode port already in use on 1 node)", "holds the port"],
  ["secret reference abc not found", "gone from the swarm"],
  ["Failed: task: non-zero exit (137)", "killed, most likely for its memory"],
  ["/usr/bin/env: 'bash': No such file\nFailed: task: non-zero exit (127)", "cannot be started"],
  ["Failed: task: non-zero exit (143): dockerexec: unhealthy container", "never became healthy"],
  ["Failed: task: non-zero exit (1)", "ended by itself"],
  ["web.1 Complete 3 seconds ago: stopped, as its health checks failed", "never became healthy"],
  ['psycopg2.errors.UndefinedTable: relation "rooms" does not exist', "a migration may be wrong"],
  [
    '2026/11/26 21:36:47 [emerg] 1#1: invalid value "x" in /etc/nginx/nginx.conf:17',
    "Nginx refuses its configuration",
  ],
  ["error during connect: Get http://docker.example.com/v1.41/services: EOF", "the engine went away"],
  ["get stack secrets manager: incorrect passphrase", "sealed with another passphrase"],
  ['unable to open state directory "file:///x": stat /x: no such file or directory', "place is not there"],
  ["task: non-zero exit (143)\nError response from daemon: This node is not a swarm manager.", "went away"],
  ["lookup registry.example on 10.0.0.1:53: no such host", "a name is not resolved"],
])("%s", (said, words) => {
  expect(causeOf(said)).toContain(words);
});

test("of what is not known nothing is guessed", () => {
  expect(causeOf("web1: the server cannot be reached")).toBeUndefined();
});
