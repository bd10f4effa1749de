"""What Hypha sees to on a server before it deploys anything, as 17 operations."""

from io import StringIO

from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

LABELS = ("bench.manager", "bench.data", "bench.edge", "bench.app")
DAEMON = '{"log-driver":"json-file","log-opts":{"max-size":"10m","max-file":"3"}}\n'


def said(command: str) -> str:
    """What a command prints on the host; nothing where it fails, as before the engine is there."""
    return (host.get_fact(Command, f"{command} 2>/dev/null || true") or "").strip()


if not said("grep -E '^VERSION_ID=\"?(12|13|22.04|24.04)' /etc/os-release"):
    raise SystemExit("not a supported system")

apt.update(name="Package index no older than a day", cache_time=86400)
for package in ("docker.io", "iptables", "ca-certificates"):
    apt.packages(name=f"Package {package}", packages=[package], no_recommends=True)

server.group(name="Group docker", group="docker", system=True)
server.user(
    name="Deploy account",
    user="muser",
    home="/home/muser",
    shell="/bin/bash",
    groups=["docker"],
    append=True,
    create_home=True,
)
files.directory(
    name="Directory of its keys", path="/home/muser/.ssh", user="muser", group="muser", mode="700"
)
files.put(
    name="Its keys",
    src=host.data.public_key,
    dest="/home/muser/.ssh/authorized_keys",
    user="muser",
    group="muser",
    mode="600",
)
files.directory(name="Directory of the engine's settings", path="/etc/docker", mode="755")
settings = files.put(
    name="The engine's settings", src=StringIO(DAEMON), dest="/etc/docker/daemon.json", mode="644"
)
systemd.service(
    name="Engine enabled and running, with these settings",
    service="docker",
    running=True,
    enabled=True,
    restarted=settings.will_change,
)

if said("docker info --format '{{.Swarm.LocalNodeState}}'") != "active":
    server.shell(name="Swarm", commands=[f"docker swarm init --advertise-addr {host.name}"])

for label in LABELS:
    if said(f"docker node inspect self --format '{{{{index .Spec.Labels \"{label}\"}}}}'") != "true":
        server.shell(
            name=f"Node label {label}",
            commands=[
                f"docker node update --label-add {label}=true "
                "$(docker info --format '{{.Swarm.NodeID}}')"
            ],
        )
