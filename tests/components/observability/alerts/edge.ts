import { flat, ramp, series, targetOf } from "./case";
import type { GroupCases } from "./case";

const nginx = targetOf("nginx", "edge");
const site = targetOf("blackbox-http", "site");
const port = targetOf("blackbox-tls", "site");
const refuses = { ...port, verified: "yes" };
const takesAny = { ...port, verified: "no" };
const gateway = { ...nginx, upstream: "gateway:8080" };
const day = 24 * 3600;

const connections = (accepted: string, handled: string) => ({
  [series("nginx_connections_accepted", nginx)]: accepted,
  [series("nginx_connections_handled", nginx)]: handled,
});
/** The tests' clock starts at 0. */
const certificate = (ends: number) => ({
  [series("probe_ssl_earliest_cert_expiry", takesAny)]: flat(ends, 60),
});
/** Answers a minute by status. */
const answers = (good: number, errors: number) => ({
  [series("nginx_http_response_count_total", { ...gateway, status: "200" })]: ramp(0, good, 60),
  [series("nginx_http_response_count_total", { ...gateway, status: "502" })]: ramp(0, errors, 60),
});
/** Answers a minute, and how many of them took up to a second: the others took up to five. */
const times = (labels: Record<string, string>, quick: number, all: number) => ({
  [series("nginx_http_response_count_total", { ...labels, status: "200" })]: ramp(0, all, 60),
  [series("nginx_http_response_time_seconds_bucket", { ...labels, le: "1" })]: ramp(0, quick, 60),
  [series("nginx_http_response_time_seconds_bucket", { ...labels, le: "5" })]: ramp(0, all, 60),
  [series("nginx_http_response_time_seconds_bucket", { ...labels, le: "+Inf" })]: ramp(0, all, 60),
});
const pair = (asClient: number, any: number) => ({
  [series("probe_success", refuses)]: flat(asClient, 60),
  [series("probe_success", takesAny)]: flat(any, 60),
});

export const edgeCases: GroupCases<"edge"> = {
  NginxDown: {
    fires: [
      {
        series: { [series("nginx_up", nginx)]: flat(0, 60) },
        at: "3m",
        alerts: [{ labels: { ...nginx, severity: "critical" }, summary: "Nginx on web1 does not answer" }],
      },
    ],
    quiet: [{ series: { [series("nginx_up", nginx)]: flat(1, 60) }, at: "3m" }],
  },
  NginxConnections: {
    fires: [
      {
        series: { [series("nginx_connections_active", nginx)]: flat(900, 60) },
        at: "10m",
        alerts: [
          {
            labels: { ...nginx, severity: "warning" },
            summary: "Nginx on web1 has 90% of the clients it can serve",
          },
        ],
      },
    ],
    quiet: [{ series: { [series("nginx_connections_active", nginx)]: flat(790, 60) }, at: "10m" }],
  },
  NginxDropped: {
    fires: [
      {
        series: connections(ramp(1000, 20, 60), ramp(1000, 18, 60)),
        at: "10m",
        alerts: [
          {
            labels: { ...nginx, severity: "warning" },
            summary: "Nginx on web1 dropped 10 connections in five minutes",
          },
        ],
      },
    ],
    quiet: [{ series: connections(ramp(1000, 20, 60), ramp(900, 20, 60)), at: "10m" }],
  },
  EdgeErrors: {
    fires: [
      {
        series: answers(90, 10),
        at: "15m",
        alerts: [
          {
            labels: { ...gateway, severity: "critical" },
            summary: "10% of the answers of gateway:8080 are errors (5xx)",
          },
        ],
      },
    ],
    quiet: [
      { series: answers(96, 4), at: "15m" },
      { series: answers(0, 0), at: "15m" },
      // A part that is three minutes late, asked by few.
      {
        series: {
          [series("nginx_http_response_count_total", { ...gateway, status: "200" })]:
            `0x3 ${ramp(0, 10, 60)}`,
          [series("nginx_http_response_count_total", { ...gateway, status: "502" })]: "0 10 20 30x60",
        },
        at: "7m30s",
      },
    ],
  },
  EdgeSlow: {
    fires: [
      {
        series: times(gateway, 50, 100),
        at: "20m",
        alerts: [
          {
            labels: { ...gateway, severity: "warning" },
            summary: "One of a hundred answers of gateway:8080 takes 4.92s or more",
          },
        ],
      },
    ],
    quiet: [
      { series: times(gateway, 100, 100), at: "20m" },
      { series: times({ ...gateway, upstream: "hypha-prod-homeserver:8008" }, 50, 100), at: "20m" },
      // One request in ten minutes tells nothing.
      { series: times(gateway, 0.05, 0.1), at: "20m" },
    ],
  },
  ProbeFailed: {
    fires: [
      {
        series: { [series("probe_success", site)]: flat(0, 60) },
        at: "3m",
        alerts: [
          {
            labels: { ...site, severity: "critical" },
            summary: "web1-site does not answer as it should (blackbox-http)",
          },
        ],
      },
    ],
    quiet: [
      { series: { [series("probe_success", site)]: "1 0 0 1+0x60" }, at: "3m" },
      { series: pair(0, 1), at: "10m" },
    ],
  },
  ProbeSlow: {
    fires: [
      {
        series: { [series("probe_duration_seconds", site)]: flat(1.5, 60) },
        at: "10m",
        alerts: [{ labels: { ...site, severity: "warning" }, summary: "web1-site takes 1.5s to answer" }],
      },
    ],
    quiet: [
      { series: { [series("probe_duration_seconds", site)]: flat(0.9, 60) }, at: "10m" },
      // One slow answer is none.
      { series: { [series("probe_duration_seconds", site)]: "0+0x4 5 0+0x60" }, at: "5m" },
    ],
  },
  CertificateExpiring: {
    fires: [
      {
        series: certificate(19 * day + 300),
        at: "5m",
        alerts: [
          {
            labels: { ...port, severity: "warning" },
            summary: "The certificate of web1-site ends in 19d 0h 0m 0s",
          },
        ],
      },
      {
        // It ended an hour ago, and only the probe that takes any sees it.
        series: { ...certificate(300 - 3600), ...pair(0, 1) },
        at: "5m",
        alerts: ["warning", "critical"].map((severity) => ({
          labels: { ...port, severity },
          summary: "The certificate of web1-site ends in -1h 0m 0s",
        })),
      },
    ],
    quiet: [{ series: certificate(21 * day), at: "5m" }],
  },
  CertificateRefused: {
    fires: [
      {
        series: pair(0, 1),
        at: "10m",
        alerts: [
          {
            labels: { ...refuses, severity: "critical" },
            summary: "Clients refuse the certificate of web1-site",
          },
        ],
      },
    ],
    // All is well; or the port is down, which other alerts tell.
    quiet: [
      { series: pair(1, 1), at: "30m" },
      { series: pair(0, 0), at: "30m" },
    ],
  },
};
