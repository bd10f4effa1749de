import * as tls from "tls";
import { Check } from "./checks";
import { StackOutputs } from "./stack";

const warnDays = 20;
const failDays = 3;

/** When the certificate that an address shows for a site ends. */
function expiry(address: string, url: URL): Promise<Date> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      // An expired one has to be seen too, so nothing is verified; nothing is sent either.
      { host: address, port: Number(url.port || 443), servername: url.hostname, rejectUnauthorized: false },
      () => {
        resolve(new Date(socket.getPeerCertificate().valid_to));
        socket.destroy();
      },
    );
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
    socket.on("error", reject);
  });
}

/** What the site's live TLS port shows, at each of its addresses; nothing for a stack that has no site yet. */
export async function certificateChecks(
  { url, siteAddresses = [] }: StackOutputs,
  renewed: boolean,
): Promise<Check[]> {
  if (url === undefined) {
    return [];
  }
  return Promise.all(
    siteAddresses.map(async (address) => {
      try {
        const days = ((await expiry(address, new URL(url))).getTime() - Date.now()) / 86_400_000;
        return certificateCheck(address, days, renewed);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return {
          name: `certificate at ${address}`,
          verdict: "warn",
          what: `the site does not answer: ${why}`,
          fix: "make status",
        };
      }
    }),
  );
}

/** What so many days mean. `renewed`: this deployment makes a new certificate. */
export function certificateCheck(address: string, days: number, renewed: boolean): Check {
  const name = `certificate at ${address}`;
  const what = days < 0 ? `ended ${Math.ceil(-days)} days ago` : `valid for ${Math.floor(days)} more days`;
  if (days >= warnDays) {
    return { name, verdict: "ok", what };
  }
  if (renewed) {
    return { name, verdict: "warn", what: `${what}; this deployment renews it` };
  }
  return {
    name,
    verdict: days < failDays ? "FAILED" : "warn",
    what,
    fix: "a stack's own certificate is made anew in its last 30 days: see hypha:edge.tls, and make doctor",
  };
}
