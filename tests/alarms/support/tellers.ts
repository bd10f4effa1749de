import { ask, stack, until, watch } from "../../e2e/support/observed";
import { container, Fault, nothing, scale } from "./fault";

/** As by hand: the edge gets a key and a certificate for another name. */
const otherCertificate = `
  edge=hypha-${stack.name}-edge
  old() { docker service inspect --format "{{range .Spec.TaskTemplate.ContainerSpec.$1s}}{{.$1Name}} {{.File.Name}} {{.File.UID}}
{{end}}" $edge | grep "tls[.]"; }
  cd /tmp && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=other.test \
    -keyout other.key -out other.crt 2>/dev/null
  docker secret create other.key other.key >/dev/null && docker config create other.crt other.crt >/dev/null
  read -r key keyFile uid < <(old Secret) && read -r crt crtFile _ < <(old Config)
  docker service update --quiet --detach --secret-rm $key --config-rm $crt \
    --secret-add source=other.key,target=$keyFile,uid=$uid,gid=$uid,mode=0400 \
    --config-add source=other.crt,target=$crtFile,uid=$uid,gid=$uid,mode=0400 $edge`;

/** What clients trust, and what tells of everything else. */
export const tellers = (): Fault[] => [
  {
    cause: "somebody put a certificate of his own there",
    begin: () => watch.exec(otherCertificate),
    end: () => watch.exec(`docker service update --quiet --detach --rollback hypha-${stack.name}-edge`),
    alerts: { CertificateRefused: /^Clients refuse the certificate of .+$/ },
  },
  {
    cause: "Alertmanager was away for minutes",
    begin: async () => {
      await scale("alertmanager", 0);
      await until(
        "Prometheus counts what it dropped",
        async () => (await ask('ALERTS{alertname="NotificationsDropped",alertstate="firing"}')).length > 0,
        600,
      );
      await scale("alertmanager", 1);
    },
    end: nothing,
    alerts: { NotificationsDropped: /^Prometheus dropped \d+ alerts in five minutes$/ },
  },
];

/** Prometheus knows less of what was before, so this comes last. */
export const damaged = (): Fault[] => [
  {
    cause: "Prometheus' log was damaged while it was away",
    lasts: true,
    begin: async () => {
      await scale("prometheus", 0);
      await watch.exec(
        `until [ -z "${container("prometheus")}" ]; do sleep 0.2; done
           cd /var/lib/docker/volumes/hypha-${stack.name}-prometheus-data/_data/wal
           last=$(ls | grep -E '^[0-9]+$' | tail -n 1)
           printf damaged | dd of=$last bs=1 seek=$(($(stat -c %s $last) / 2)) conv=notrunc 2>/dev/null`,
      );
      await scale("prometheus", 1);
    },
    end: nothing,
    alerts: { WalCorruption: /^Prometheus found \d+ damaged places in its log$/ },
  },
];
