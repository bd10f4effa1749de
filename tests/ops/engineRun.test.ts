import { spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { EngineEvent } from "../../ops/lib/deployment";
import { runEngine } from "../../ops/lib/engineRun";

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-engine-"));
const before = process.env["PATH"];

/** A `pulumi` that does what the shell text says; `$4` is its event log. */
function stub(body: string, program = "bash"): void {
  fs.writeFileSync(path.join(directory, "pulumi"), `#!/usr/bin/env ${program}\n${body}\n`, { mode: 0o755 });
}

async function until(file: string): Promise<string> {
  while (!fs.existsSync(file) || fs.readFileSync(file, "utf8") === "") {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return fs.readFileSync(file, "utf8");
}

beforeAll(() => {
  process.env["PATH"] = `${directory}:${before ?? ""}`;
});
afterAll(() => {
  process.env["PATH"] = before;
  fs.rmSync(directory, { recursive: true });
});

test("its events are read; the log is for its owner only, and goes with the run", async () => {
  const said = path.join(directory, "said");
  stub(
    `stat -c %a "$(dirname "$4")" >${said}; echo "$*" >>${said}; echo '{"timestamp":7}' >"$4"; echo 'error: why' >&2; exit 3`,
  );
  expect(await runEngine("up", ["--stack", "x"], { display: "ignore" })).toEqual({
    code: 3,
    errors: "error: why\n",
    events: [{ timestamp: 7 }],
    interrupted: false,
  });
  const [mode, call = ""] = fs.readFileSync(said, "utf8").split("\n");
  expect(mode).toBe("700");
  expect(call).toMatch(/^up --non-interactive --event-log \S+\/log --stack x$/);
  expect(fs.existsSync(path.dirname(/log (\S+)/.exec(call)?.[1] ?? "/"))).toBe(false);
});

test("its events are told as they come, each once, also where a character is cut in two", async () => {
  const line = JSON.stringify({ timestamp: 8, diagnosticEvent: { severity: "info", message: "größer" } });
  const [head, tail] = [line.slice(0, line.indexOf("ö")), line.slice(line.indexOf("ö") + 1)];
  const go = path.join(directory, "go");
  const wait = `while [ ! -e ${go} ]; do sleep 0.05; done`;
  stub(
    `log=$4; echo '{"timestamp":7}' >"$log"; printf '%s\\303' '${head}' >>"$log"; ${wait}; printf '\\266%s\\n' '${tail}' >>"$log"`,
  );
  const seen: EngineEvent[] = [];
  let ended = 0;
  const progress = {
    event: (event: EngineEvent) => {
      seen.push(event);
      // The rest of the log is written only when this was seen.
      fs.writeFileSync(go, "");
    },
    end: () => (ended += 1),
  };
  const { events } = await runEngine("up", [], { display: "ignore", progress });
  expect(seen).toEqual(events);
  expect(seen.map(({ timestamp }) => timestamp)).toEqual([7, 8]);
  expect(seen[1]?.diagnosticEvent?.message).toBe("größer");
  expect(ended).toBe(1);
});

test("an interrupt reaches it once, and its end is waited for, also when its launcher is gone before", async () => {
  const ready = path.join(directory, "ready");
  const done = path.join(directory, "done");
  // As Pulumi's launcher, which dies of the signal; the engine below it takes its time.
  const engine = `trap 'echo once >>${done}; sleep 0.5; echo end >>${done}; exit 0' INT; echo x >${ready}; while :; do sleep 0.1; done`;
  stub(
    `require("child_process").spawn("bash", ["-c", ${JSON.stringify(engine)}], { stdio: "inherit" });`,
    "node",
  );
  const abort = new AbortController();
  const running = runEngine("up", [], { display: "ignore", abort: abort.signal });
  await until(ready);
  abort.abort();
  expect(await running).toMatchObject({ code: 130, interrupted: true });
  expect(fs.readFileSync(done, "utf8")).toBe("once\nend\n");
});

test("it does not outlive who runs it", async () => {
  const own = path.join(directory, "pid");
  stub(`echo $$ >${own}; exec sleep 1000`);
  const module = path.join(__dirname, "..", "..", "ops", "lib", "engineRun.ts");
  const program = `require(${JSON.stringify(module)}).runEngine("up", [], { display: "ignore" })`;
  const runner = spawn(process.execPath, ["--import", "tsx", "--eval", program], {
    cwd: path.join(__dirname, "..", ".."),
    env: { ...process.env },
    stdio: "ignore",
  });
  const pid = Number(await until(own));
  // Its guard is started right after it.
  const children = () =>
    spawnSync("ps", ["-o", "args=", "--ppid", String(runner.pid)], { encoding: "utf8" }).stdout;
  while (!children().includes("kill -s KILL")) await new Promise((resolve) => setTimeout(resolve, 20));
  runner.kill("SIGKILL");
  const alive = () => {
    try {
      process.kill(pid, 0);
      return !fs.readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
    } catch {
      return false;
    }
  };
  while (alive()) await new Promise((resolve) => setTimeout(resolve, 20));
});

test("what outlives it and holds its standard error open does not hold this process", async () => {
  stub("setsid sleep 20 & exit 0");
  const pipes = () => process.getActiveResourcesInfo().filter((kind) => kind === "PipeWrap").length;
  const before = pipes();
  await runEngine("up", [], { display: "ignore" });
  // What ended with it takes a moment to be gone from the list.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(pipes()).toBe(before);
});
