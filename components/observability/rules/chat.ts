import { target } from "./rule";
import type { Alert, Alerts, RuleSettings } from "./rule";

const synapse = 'job="synapse"';
const all = `sum by (${target})`;

/** Events that a part of the homeserver has yet to look at. Its gauge of seconds stays at the last event's for ever. */
const behind =
  `synapse_event_persisted_position{${synapse}} - on (${target}) group_right` +
  ` synapse_event_processing_positions{${synapse}}`;

const errors =
  `${all} (rate(synapse_http_server_responses_total{${synapse},code=~"5.."}[5m])) / ` +
  `(${all} (rate(synapse_http_server_responses_total{${synapse}}[5m])) > 0)`;

const bridgeNotConnected: Alert = {
  when: { warning: { expr: 'hypha_bridge_mycelium_connected{job="bridge"} == 0', for: "5m" } },
  summary: "The bridge on {{ $labels.host }} does not reach its Mycelium node",
  description: "Messages to other servers take the way of plain federation.",
};

export const chatAlerts = ({ bridgeUsesMycelium }: Pick<RuleSettings, "bridgeUsesMycelium">) =>
  ({
    HomeserverLag: {
      when: { warning: { expr: `min_over_time((${behind})[10m:1m]) > 10`, for: "5m" } },
      summary:
        'The homeserver\'s {{ $labels.name }} is {{ $value | printf "%.0f" }} events behind and does not catch up',
      description: "Messages arrive late at other servers, in searches or in notifications.",
    },
    HomeserverErrors: {
      when: { critical: { expr: `${errors} > 0.05`, for: "10m" } },
      summary: "{{ $value | humanizePercentage }} of the homeserver's answers are errors (5xx)",
      description: "Of all requests in five minutes, those of clients and of other servers.",
    },
    BridgeDown: {
      when: {
        critical: {
          expr: 'hypha_bridge_up{job="bridge"} == 0 or hypha_bridge_replicas{job="bridge"} == 0',
          for: "2m",
        },
      },
      summary: "The bridge ({{ $labels.host }}) does not answer",
      description:
        "A replica's status cannot be read, or there is no replica. Messages to other Mycelium servers wait.",
    },
    ...(bridgeUsesMycelium ? { BridgeNotConnected: bridgeNotConnected } : {}),
    BridgeBacklog: {
      when: { warning: { expr: 'min_over_time(hypha_bridge_pending_messages{job="bridge"}[15m]) > 100' } },
      summary: 'The bridge on {{ $labels.host }} holds {{ $value | printf "%.0f" }} messages or more',
      description: "For fifteen minutes. They are in its memory: a restart loses them.",
    },
    MyceliumDown: {
      when: { critical: { expr: 'hypha_mycelium_up{job="mycelium"} == 0', for: "2m" } },
      summary: "The Mycelium node on {{ $labels.host }} does not answer",
      description: "Its unit may be active all the same: a node whose port is taken goes on without it.",
    },
    MyceliumNoPeers: {
      when: { critical: { expr: 'hypha_mycelium_peers{job="mycelium",state="alive"} == 0', for: "5m" } },
      summary: "The Mycelium node on {{ $labels.host }} has no peer",
      description: "It is cut off from its network.",
    },
  }) satisfies Alerts;
