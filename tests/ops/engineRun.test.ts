import { spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
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
  stub(`stat -c %a "$(dirname "$4")" >${said}; echo "$*" >>${said}; echo '{"timestamp":7}' >"$4"; exit 3`);
  expect(await runEngine("up", ["--stack", "x"], { display: "ignore" })).toEqual({
    code: 3,
    events: [{ timestamp: 7 }],
    interrupted: false,
  });
  const [mode, call = ""] = fs.readFileSync(said, "utf8").split("\n");
  expect(mode).toBe("700");
  expect(call).toMatch(/^up --non-interactive --event-log \S+\/log --stack x$/);
  expect(fs.existsSync(path.dirname(/log (\S+)/.exec(call)?.[1] ?? "/"))).toBe(false);
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
