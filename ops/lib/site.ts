import * as https from "https";

/** A deployed site, as a client sees it that knows where it is and whom to trust. */
export interface Site {
  /** `https://domain[:port]` */
  url: string;
  /** Address to connect to, whatever DNS says. */
  address: string;
  /** PEM of the authority that the certificate must be of. */
  authority: string;
}

export interface SiteRequest {
  /** @default "GET" */
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Matrix access token. */
  token?: string;
  /** More headers. @default none */
  headers?: Record<string, string>;
  /** @default 10 */
  timeoutSeconds?: number;
}

export interface SiteResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  milliseconds: number;
}

/** One request to the site, its certificate verified; rejects on a refused connection, bad certificate or timeout. */
export function siteRequest(site: Site, path: string, request: SiteRequest = {}): Promise<SiteResponse> {
  const url = new URL(path, site.url);
  const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const sent = https.request(
      {
        host: site.address,
        servername: url.hostname,
        port: url.port || 443,
        path: url.pathname + url.search,
        method: request.method ?? "GET",
        ca: site.authority,
        agent: false,
        timeout: (request.timeoutSeconds ?? 10) * 1000,
        headers: {
          Host: url.host,
          ...request.headers,
          ...(request.token === undefined ? {} : { Authorization: `Bearer ${request.token}` }),
          ...(payload === undefined ? {} : { "Content-Type": "application/json" }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString("utf8"),
            milliseconds: Math.round(performance.now() - started),
          });
        });
      },
    );
    sent.on("timeout", () =>
      sent.destroy(new Error(`no answer from ${url.href} within ${request.timeoutSeconds ?? 10} s`)),
    );
    sent.on("error", reject);
    sent.end(payload);
  });
}
