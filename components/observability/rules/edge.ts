import { verified } from "../contract";
import { target } from "./rule";
import type { Alerts, RuleSettings } from "./rule";

const nginx = 'job="nginx"';
/** Each certificate once, whichever probe saw it: the one that takes any sees an expired one, too. */
const certificateLife = `min by (${target}) (probe_ssl_earliest_cert_expiry{job=~"blackbox-.+"}) - time()`;
const day = 24 * 3600;

const edge = "stack, host, service, job, instance, upstream";
/** stub_status tells connections only: status codes and times are read from the access log. */
const responses = (match: string) =>
  `sum by (${edge}) (rate(nginx_http_response_count_total{${nginx}${match}}[5m]))`;
/** Not the homeserver: a client's sync waits half a minute for news. */
const quick = ',upstream!~".*homeserver.*"';
const slowest = `histogram_quantile(0.99, sum by (${edge}, le) (rate(nginx_http_response_time_seconds_bucket{${nginx}${quick}}[5m])))`;

export const edgeAlerts = ({ edgeConnections }: Pick<RuleSettings, "edgeConnections">) =>
  ({
    NginxDown: {
      when: { critical: { expr: `nginx_up{${nginx}} == 0`, for: "1m" } },
      summary: "Nginx on {{ $labels.host }} does not answer",
      description: "It is the only way in.",
    },
    NginxConnections: {
      when: {
        warning: { expr: `nginx_connections_active{${nginx}} / ${edgeConnections} > 0.8`, for: "5m" },
      },
      summary:
        "Nginx on {{ $labels.host }} has {{ $value | humanizePercentage }} of the clients it can serve",
      description: "Beyond that new connections wait or are refused.",
    },
    NginxDropped: {
      when: {
        warning: {
          expr: `increase(nginx_connections_accepted{${nginx}}[5m]) - increase(nginx_connections_handled{${nginx}}[5m]) > 1`,
        },
      },
      summary: 'Nginx on {{ $labels.host }} dropped {{ $value | printf "%.0f" }} connections in five minutes',
      description: "Accepted and not handled: it had no connection of its own left.",
    },
    EdgeErrors: {
      when: {
        // Five minutes after the last error the ratio still holds: a part that took three to start is nobody's business.
        critical: { expr: `${responses(',status=~"5.."')} / (${responses("")} > 0) > 0.05`, for: "8m" },
      },
      summary: "{{ $value | humanizePercentage }} of the answers of {{ $labels.upstream }} are errors (5xx)",
      description: "As visitors got them, by the part behind the edge that answered or failed to.",
    },
    EdgeSlow: {
      when: { warning: { expr: `${slowest} > 3 and ${responses("")} > 0.1`, for: "10m" } },
      summary:
        "One of a hundred answers of {{ $labels.upstream }} takes {{ $value | humanizeDuration }} or more",
      description: "Measured by the edge. The homeserver is not counted: clients wait for news there.",
    },
    ProbeFailed: {
      when: {
        critical: { expr: 'probe_success{job=~"blackbox-(http|tcp|icmp)"} == 0', for: "2m" },
      },
      summary: "{{ $labels.instance }} does not answer as it should ({{ $labels.job }})",
      description: "Asked from the monitoring host, as a client would.",
    },
    ProbeSlow: {
      when: {
        warning: { expr: 'avg_over_time(probe_duration_seconds{job="blackbox-http"}[5m]) > 1', for: "5m" },
      },
      summary: "{{ $labels.instance }} takes {{ $value | humanizeDuration }} to answer",
      description: "On average over five minutes, connection and TLS included.",
    },
    CertificateExpiring: {
      when: {
        warning: { expr: `${certificateLife} < ${20 * day}` },
        critical: { expr: `${certificateLife} < ${3 * day}` },
      },
      summary: "The certificate of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}",
      description:
        "Read from the live port: a renewed certificate that Nginx has not loaded counts as old. Negative: it ended.",
    },
    CertificateRefused: {
      when: {
        critical: {
          expr:
            `probe_success{job="blackbox-tls",${verified.yes}} == 0` +
            ` and on (${target}) probe_success{job="blackbox-tls",${verified.no}} == 1`,
          for: "5m",
        },
      },
      summary: "Clients refuse the certificate of {{ $labels.instance }}",
      description: "The port speaks TLS; the certificate ended, has another name or an unknown issuer.",
    },
  }) satisfies Alerts;
