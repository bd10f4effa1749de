/** Where the requests below a path go; the longest path wins. */
export interface Route {
  /** Path prefix, from `/` on. */
  path: string;
  /** This path only, and GET only: nothing below it and no other method. @default false */
  readOnly?: boolean;
  /** DNS name on the stack's network and port, `name:8080`; or the workload whose rollouts say which set it is. */
  upstream: string | { setOf: string };
  /** Largest request body in MiB. @default 1 */
  maxBodyMiB?: number;
}

export interface EdgeSettings {
  /** The site's name. */
  domain: string;
  aliases: string[];
  /** Published HTTPS port, which redirects name. */
  httpsPort: number;
  routes: Route[];
  /** Path prefixes that a route would serve and nobody outside may reach: answered with 404. @default none */
  closed?: string[];
  /** JSON answered at a path. */
  documents: Record<string, object>;
  /** Count requests and connections for the exporters beside Nginx. @default false */
  figures?: boolean;
}

/** Where the container has the files of the rollouts, one for each workload. */
export const rolloutsPath = "/etc/hypha/rollouts";

/** The Nginx variable that such a file sets. */
export function setVariable(workload: string): string {
  return `set_${workload.replaceAll("-", "_")}`;
}

function upstreamOf({ upstream }: Route): string {
  return typeof upstream === "string" ? upstream : `$${setVariable(upstream.setOf)}`;
}

function renderRoute(route: Route): string {
  return `
    location ${route.readOnly ? "= " : ""}${route.path} {${route.readOnly ? "\n      limit_except GET { deny all; }" : ""}
      # A variable makes Nginx ask the resolver again: replicas come and go.
      set $upstream ${upstreamOf(route)};
      proxy_pass http://$upstream;
      client_max_body_size ${route.maxBodyMiB ?? 1}m;
    }`;
}

function renderClosed(path: string): string {
  return `
    location ${path} {
      return 404;
    }`;
}

/** Nginx' own counters, on the container's loopback only; and each request's figures to mtail, by its socket. */
const figuresServer = `
  server {
    listen 127.0.0.1:8081;
    location = /stub_status {
      access_log off;
      stub_status;
    }
  }
`;
const figuresLog = `
  # mtail counts whole lines only, and Nginx ends none that it sends.
  log_format figures 'figures: $status $request_time $proxy_host\\n';
  access_log syslog:server=unix:/tmp/mtail.sock,nohostname figures;`;

/** What every answer of the site says beside its own headers. */
const answerHeaders = [
  'add_header Strict-Transport-Security "max-age=31536000" always;',
  "add_header X-Request-ID $request_name always;",
].join("\n");
const indented = (text: string, columns: number): string => text.replaceAll("\n", `\n${" ".repeat(columns)}`);

function renderDocument([path, body]: [string, object]): string {
  const text = JSON.stringify(body);
  if (/['$\\]/.test(text)) {
    throw new Error(
      `the document at ${path} holds ', $ or \\, which Nginx would not take literally: ${text}`,
    );
  }
  return `
    location = ${path} {
      default_type application/json;
      # A header of its own hides those of the server.
      ${indented(answerHeaders, 6)}
      add_header Access-Control-Allow-Origin "*" always;
      return 200 '${text}';
    }`;
}

/** Connections of one worker, those to the services behind included. */
export const workerConnections = 2048;

/** `name` or `name:port`, as a browser writes the site's address. */
export function siteAuthority(domain: string, httpsPort: number): string {
  return httpsPort === 443 ? domain : `${domain}:${httpsPort}`;
}

/** Nginx: HTTP sent on to HTTPS, HTTP/2, and each route's replicas tried one after the other. */
export function renderNginxConf(settings: EdgeSettings): string {
  const names = [settings.domain, ...settings.aliases].join(" ");
  const port = settings.httpsPort === 443 ? "" : `:${settings.httpsPort}`;
  const routes = [...settings.routes].sort((a, b) => (a.path < b.path ? -1 : 1));
  const rollouts = routes.some(({ upstream }) => typeof upstream !== "string");
  const documents = Object.entries(settings.documents).sort(([a], [b]) => (a < b ? -1 : 1));
  return `worker_processes auto;
pid /tmp/nginx.pid;
worker_shutdown_timeout ${rollouts ? 60 : 4}s;
error_log stderr warn;

events {
  worker_connections ${workerConnections};
}

http {
  include /etc/nginx/mime.types;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server_tokens off;
  # A redirect of Nginx's own must not name the container's port.
  absolute_redirect off;
  log_format main '$remote_addr "$request" $status $body_bytes_sent $request_time $upstream_addr${rollouts ? " $proxy_host" : ""} $request_name';
  access_log /dev/stdout main;${settings.figures ? figuresLog : ""}
  # Every service that logs a request names it so. Who asks may give it a name; what is none gets one of Nginx.
  map $http_x_request_id $request_name {
    default $request_id;
    "~^[A-Za-z0-9._-]{8,64}$" $http_x_request_id;
  }
  gzip on;
  gzip_types application/javascript application/json image/svg+xml text/css text/plain;

  # Swarm's DNS: the addresses of a service's healthy replicas, asked for again every second.
  resolver 127.0.0.11 valid=1s ipv6=off;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Request-ID $request_name;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  proxy_connect_timeout 2s;
  proxy_read_timeout 120s;
  proxy_next_upstream error timeout http_502 http_503;
  proxy_next_upstream_tries 3;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    "" "";
  }${rollouts ? `\n\n  # Which set of a workload serves whom.\n  include ${rolloutsPath}/*.conf;` : ""}

  ssl_certificate /etc/hypha/tls.crt;
  ssl_certificate_key /run/secrets/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_prefer_server_ciphers off;
  ssl_session_cache shared:tls:10m;
  ssl_session_timeout 1d;
  ssl_session_tickets off;

  server {
    listen 8080 default_server;
    listen [::]:8080 default_server;
    return 308 https://$host${port}$request_uri;
  }

  server {
    listen 8443 ssl http2;
    listen [::]:8443 ssl http2;
    server_name ${names};
    ${indented(answerHeaders, 4)}
${routes.map(renderRoute).join("\n")}
${[...(settings.closed ?? [])].sort().map(renderClosed).join("\n")}
${documents.map(renderDocument).join("\n")}
  }

  # Any other name: the health check, and nothing else.
  server {
    listen 8443 ssl http2 default_server;
    listen [::]:8443 ssl http2 default_server;
    server_name _;
    location = /healthz {
      access_log off;
      default_type text/plain;
      return 200 "ok\\n";
    }
    location / {
      return 421;
    }
  }
${settings.figures ? figuresServer : ""}}
`;
}
