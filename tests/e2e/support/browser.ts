import { X509Certificate, createHash } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as tls from "tls";
import { chromium } from "playwright-core";
import { Site } from "../../../ops/lib/site";

/** What a browser saw of a page. */
export interface Visit {
  title: string;
  text: string;
  /** Requests that got no answer, or one of 400 and above. */
  failedRequests: string[];
  /** Errors of the page's own scripts. */
  pageErrors: string[];
}

/** The certificate the site shows, verified against its authority. */
function siteCertificate(site: Site): Promise<X509Certificate> {
  const url = new URL(site.url);
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      { host: site.address, port: Number(url.port || 443), servername: url.hostname, ca: site.authority },
      () => {
        const certificate = new X509Certificate(socket.getPeerCertificate().raw);
        socket.end();
        resolve(certificate);
      },
    );
    socket.on("error", reject);
  });
}

/** Base64 SHA-256 of a certificate's public key, as Chromium names a key it is to trust. */
function publicKeyHash(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
}

/**
 * Opens the site's page in headless Chromium and waits until it shows `waitFor`; keeps a screenshot. Chromium trusts
 * the one key that was verified against the stack's authority before, and no other.
 */
export async function visit(site: Site, waitFor: string, screenshot: string): Promise<Visit> {
  const { hostname } = new URL(site.url);
  const spki = publicKeyHash(await siteCertificate(site));
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-browser-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP ${hostname} ${site.address}`,
      `--ignore-certificate-errors-spki-list=${spki}`,
    ],
    viewport: { width: 1200, height: 800 },
  });
  try {
    const page = await browser.newPage();
    const seen: Visit = { title: "", text: "", failedRequests: [], pageErrors: [] };
    page.on("requestfailed", (request) =>
      seen.failedRequests.push(
        `${request.method()} ${request.url()}: ${request.failure()?.errorText ?? "failed"}`,
      ),
    );
    page.on("response", (response) => {
      if (response.status() >= 400) {
        seen.failedRequests.push(`${response.request().method()} ${response.url()}: ${response.status()}`);
      }
    });
    page.on("pageerror", (error) => seen.pageErrors.push(String(error)));
    await page.goto(site.url, { waitUntil: "networkidle" });
    await page.waitForSelector(waitFor, { timeout: 30_000 });
    seen.title = await page.title();
    seen.text = await page.innerText("body");
    fs.mkdirSync(path.dirname(screenshot), { recursive: true });
    await page.screenshot({ path: screenshot });
    return seen;
  } finally {
    await browser.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
}
