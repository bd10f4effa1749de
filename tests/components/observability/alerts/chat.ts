import { flat, ramp, series, targetOf } from "./case";
import type { GroupCases } from "./case";

const synapse = targetOf("synapse", "homeserver");
const exported = { ...synapse, server_name: "chat.example.org" };
const bridge = targetOf("bridge");
const replica = { ...bridge, replica: "10.0.1.7" };
const mycelium = targetOf("mycelium");
const sender = { ...exported, name: "federation_sender" };

const positions = (persisted: string, processed: string) => ({
  [series("synapse_event_persisted_position", exported)]: persisted,
  [series("synapse_event_processing_positions", sender)]: processed,
  [series("synapse_event_processing_positions", { ...sender, name: "user_dir" })]: persisted,
});
/** Answers a minute by status code. */
const answers = (good: number, errors: number) => ({
  [series("synapse_http_server_responses_total", { ...exported, method: "GET", code: "200" })]: ramp(
    0,
    good,
    60,
  ),
  [series("synapse_http_server_responses_total", { ...exported, method: "PUT", code: "502" })]: ramp(
    0,
    errors,
    60,
  ),
});
const only = (metric: string, labels: Readonly<Record<string, string>>, values: string) => ({
  [series(metric, labels)]: values,
});

export const chatCases: GroupCases<"chat"> = {
  HomeserverLag: {
    fires: [
      {
        series: positions(ramp(100, 10, 60), flat(100, 60)),
        at: "25m",
        alerts: [
          {
            labels: { ...sender, severity: "warning" },
            // 250 events behind now, 150 ten minutes ago.
            summary: "The homeserver's federation_sender is 150 events behind and does not catch up",
          },
        ],
      },
    ],
    quiet: [
      // A burst that is worked off at once.
      { series: positions(ramp(100, 50, 60), `100 150 200 ${ramp(210, 50, 60)}`), at: "2m" },
      { series: positions(ramp(100, 10, 60), ramp(95, 10, 60)), at: "30m" },
    ],
  },
  HomeserverErrors: {
    fires: [
      {
        series: answers(90, 10),
        at: "20m",
        alerts: [
          {
            labels: { ...synapse, severity: "critical" },
            summary: "10% of the homeserver's answers are errors (5xx)",
          },
        ],
      },
    ],
    quiet: [
      { series: answers(96, 4), at: "20m" },
      { series: answers(0, 0), at: "20m" },
    ],
  },
  BridgeDown: {
    fires: [
      {
        series: only("hypha_bridge_up", replica, flat(0, 60)),
        at: "3m",
        alerts: [
          { labels: { ...replica, severity: "critical" }, summary: "The bridge (web1) does not answer" },
        ],
      },
      {
        series: only("hypha_bridge_replicas", bridge, flat(0, 60)),
        at: "3m",
        alerts: [
          { labels: { ...bridge, severity: "critical" }, summary: "The bridge (web1) does not answer" },
        ],
      },
    ],
    quiet: [
      {
        series: {
          ...only("hypha_bridge_up", replica, flat(1, 60)),
          ...only("hypha_bridge_replicas", bridge, flat(1, 60)),
        },
        at: "10m",
      },
    ],
  },
  BridgeNotConnected: {
    fires: [
      {
        series: only("hypha_bridge_mycelium_connected", bridge, flat(0, 60)),
        at: "6m",
        alerts: [
          {
            labels: { ...bridge, severity: "warning" },
            summary: "The bridge on web1 does not reach its Mycelium node",
          },
        ],
      },
    ],
    quiet: [{ series: only("hypha_bridge_mycelium_connected", bridge, "1 0 0 1+0x60"), at: "6m" }],
  },
  BridgeBacklog: {
    fires: [
      {
        series: only("hypha_bridge_pending_messages", bridge, ramp(101, 1, 60)),
        at: "20m",
        alerts: [
          {
            labels: { ...bridge, severity: "warning" },
            summary: "The bridge on web1 holds 106 messages or more",
          },
        ],
      },
    ],
    quiet: [{ series: only("hypha_bridge_pending_messages", bridge, "500+0x10 0 500+0x10"), at: "20m" }],
  },
  MyceliumDown: {
    fires: [
      {
        series: only("hypha_mycelium_up", mycelium, flat(0, 60)),
        at: "3m",
        alerts: [
          {
            labels: { ...mycelium, severity: "critical" },
            summary: "The Mycelium node on web1 does not answer",
          },
        ],
      },
    ],
    quiet: [{ series: only("hypha_mycelium_up", mycelium, flat(1, 60)), at: "10m" }],
  },
  MyceliumNoPeers: {
    fires: [
      {
        series: {
          ...only("hypha_mycelium_peers", { ...mycelium, state: "alive" }, flat(0, 60)),
          ...only("hypha_mycelium_peers", { ...mycelium, state: "connecting" }, flat(7, 60)),
        },
        at: "6m",
        alerts: [
          {
            labels: { ...mycelium, state: "alive", severity: "critical" },
            summary: "The Mycelium node on web1 has no peer",
          },
        ],
      },
    ],
    quiet: [
      {
        series: {
          ...only("hypha_mycelium_peers", { ...mycelium, state: "alive" }, flat(1, 60)),
          ...only("hypha_mycelium_peers", { ...mycelium, state: "dead" }, flat(0, 60)),
        },
        at: "10m",
      },
    ],
  },
};
