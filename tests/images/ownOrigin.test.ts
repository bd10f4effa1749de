import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as vm from "vm";
import { root } from "./support/docker";

/** The file's text after the frontend's build step. */
function rewritten(file: string, text: string): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-origin-"));
  try {
    fs.writeFileSync(path.join(directory, file), text);
    execFileSync("bash", [path.join(root, "images/frontend/own-origin.sh"), directory], { stdio: "pipe" });
    return fs.readFileSync(path.join(directory, file), "utf8");
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

const value = (expression: string): unknown =>
  vm.runInNewContext(rewritten("app.js", `(()=>{const x=1,d=true;return${expression}})()`), {
    location: { origin: "https://chat.example", host: "chat.example" },
    URL,
  });

it.each([
  [`"http://localhost:8080"`, "https://chat.example"],
  [`'http://localhost:8081'`, "https://chat.example"],
  ["`http://localhost:8081`", "https://chat.example"],
  [`"http://localhost:8080/"`, "https://chat.example"],
  [`"http://localhost:8080/api/rooms"`, "https://chat.example/api/rooms"],
  ["`http://localhost:8080/api/${x}`", "https://chat.example/api/1"],
  [`"http://localhost:8080"+"/api"`, "https://chat.example/api"],
  [`(d?"http://localhost:8081":"https://b")`, "https://chat.example"],
  [`(new URL("/a","http://localhost:8080")).href`, "https://chat.example/a"],
  [`"see http://localhost:8080/docs"`, "see /docs"],
  [`(d&&"matrix.org")`, "chat.example"],
  [`['matrix.org'][0]`, "chat.example"],
  [`"matrix.org/legacy"`, "matrix.org/legacy"],
  [`"http://localhost:80801"`, "http://localhost:80801"],
  [`"http://localhost:8989"`, "http://localhost:8989"],
])("in a script, %s becomes %s", (expression, expected) => {
  expect(value(expression)).toBe(expected);
});

it("makes paths from the root in pages and styles, and leaves other files", () => {
  expect(rewritten("a.html", '<a href="http://localhost:8080">x</a><a href="http://localhost:8081/y">')).toBe(
    '<a href="/">x</a><a href="/y">',
  );
  expect(rewritten("a.css", "url(http://localhost:8080/z.png)")).toBe("url(/z.png)");
  expect(rewritten("a.png", "http://localhost:8080/")).toBe("http://localhost:8080/");
});
