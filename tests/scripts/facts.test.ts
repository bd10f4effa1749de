import { Sandbox, facts } from "./sandbox";

let box: Sandbox;
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => {
  box.remove();
});

const said = (line: string, variables: Record<string, string> = {}) => facts(box.bash(line, variables));

test("a fact that holds is one line, one that does not has its difference", () => {
  expect(box.bash("fact unit x a a; fact unit y a b").stdout).toBe(
    "ok\tunit\tx\ndrift\tunit\ty\n|--- on the host\n|+++ as the stack writes it\n|@@ -1 +1 @@\n|-a\n|+b\n",
  );
  expect(said("fact label x '' v")).toEqual({ "label x": "+v\n" });
  expect(said("fact label x v ''")).toEqual({ "label x": "-v\n" });
});

test("a file differs by what it holds, who may read it, and by being there", () => {
  box.file("a", "one\ntwo\n");
  const file = (text: string, mode = "644") =>
    said(`chmod 644 a; file_fact a "\${TEXT}" ${mode}`, { TEXT: text })["file a"];
  expect(file("one\ntwo\n")).toBe("ok");
  expect(file("one\ntwo")).toBe("ok");
  expect(file("one\nthree\n")).toBe(" mode 644, owner root:root\n one\n-two\n+three\n");
  expect(file("one\ntwo\n", "600")).toBe(
    "-mode 644, owner root:root\n+mode 600, owner root:root\n one\n two\n",
  );
  expect(file("")).toBe("-mode 644, owner root:root\n-one\n-two\n");
  expect(said("file_fact none ''")).toEqual({ "file none": "ok" });
  expect(said("file_fact none text")).toEqual({ "file none": "+mode 644, owner root:root\n+text\n" });
});

test("a line of a file that looks like a fact is none", () => {
  box.file("a", "drift\tunit\tx\nok\tunit\ty\nend\t0\n|x\n");
  expect(Object.keys(said("file_fact a text"))).toEqual(["file a"]);
  expect(
    box.bash("if all_hold file_fact a $'drift\\tunit\\tx\\nok\\tunit\\ty\\nend\\t0\\n|x'; then echo all; fi"),
  ).toMatchObject({
    stdout: "all\n",
  });
});

test("a secret file's content is compared and never shown", () => {
  box.file("key", "hunter2").file("other", "hunter3");
  const { stdout } = box.bash("chmod 600 key; secret_file_fact key 600 root:root <other");
  expect(stdout).toContain("|-mode 600, owner root:root, another content\n");
  expect(stdout).not.toContain("hunter");
  expect(said("cp key same; secret_file_fact key 600 root:root <same")).toEqual({ "file key": "ok" });
  expect(said("secret_file_fact none 600 root:root <key")).toEqual({
    "file none": "+mode 600, owner root:root, the stack's content\n",
  });
});

test("packages, units and accounts are asked of their tools", () => {
  box
    .stub(
      "dpkg-query",
      "case ${@: -1} in here) echo installed ;; half) echo config-files ;; *) exit 1 ;; esac",
    )
    .stub("systemctl", "case $3 in UnitFileState) echo enabled ;; *) echo failed ;; esac")
    .stub("id", "[[ $2 == alice ]]");
  expect(
    said("package_facts here half gone; unit_fact x.service; account_fact alice; account_fact bob"),
  ).toEqual({
    "package here": "ok",
    "package half": "-config-files\n+installed\n",
    "package gone": "+installed\n",
    "unit x.service": "-enabled, failed\n+enabled, active\n",
    "account alice": "ok",
    "account bob": "+there\n",
  });
  expect(box.bash("missing_packages here half gone").stdout).toBe("half\ngone\n");
});
