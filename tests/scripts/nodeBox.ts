import { Sandbox } from "./sandbox";

/**
 * Two engines, `unix:///host` and `unix:///first`, with nodes `id-host` and `id-first`: what `docker info` says of an
 * engine's swarm stands in `state-<engine>`, the labels of a node the manager knows in `labels-<id>`, its role in
 * `role-<id>`, how often it is still found in the quorum after that in `quorum-<id>`, what runs on a node in `tasks-<id>`,
 * an engine's version in `version-<engine>`.
 */
export function twoEngines(): Sandbox {
  const box = new Sandbox();
  box.stub(
    "docker",
    `cd ${box.root}
     [[ $1 == --host ]] || exit 9
     at=\${2#unix:///}; shift 2; all="$*"
     if [[ $1 == node && $2 =~ ^(update|demote|rm)$ && -s refusal ]]; then head -n 1 refusal >&2; sed -i 1d refusal; exit 1; fi
     case "$*" in
       "info --format {{.Swarm.NodeID}}") echo "id-$at" ;;
       info*) cat "state-$at" ;;
       version*) cat "version-$at" ;;
       "swarm init"*) echo "active true" >"state-$at"; echo manager >"role-id-$at"; echo "docker swarm join --token SWMTKN-1" ;;
       "swarm join-token --quiet "*) echo "SWMTKN-1-$4" ;;
       "system dial-stdio") cat >request; cat answer; [[ -e refused ]] || { echo "active false" >"state-$at"; echo worker >"role-id-$at"; } ;;
       "swarm leave --force") [[ ! -e gone ]] || exit 1; echo "inactive false" >"state-$at" ;;
       "node ls"*) name=\${all##*node.label=}; grep -lx "$name" labels-* 2>/dev/null | sed 's/labels-//' ;;
       "node ps"*) cat "tasks-$5" 2>/dev/null; rm -f "tasks-$5" ;;
       "node inspect"*)
         id="\${@: -1}"; [[ $id != self ]] || id="id-$at"
         [[ -e role-$id ]] || { echo "Error: No such node: $id" >&2; exit 1; }
         touch "labels-$id"
         case "$*" in
           *.Spec.Role*) cat "role-$id" ;;
           *.ManagerStatus*)
             if [[ -s quorum-$id ]]; then sed -i 1d "quorum-$id"; echo manager; else cat "role-$id"; fi ;;
           *range*) cut -d = -f 1 "labels-$id" ;;
           *'index .Spec.Labels'*) key=\${all#*Labels \\"}; sed -n "s/^\${key%%\\"*}=//p" "labels-$id" ;;
         esac ;;
       "node update --availability drain "*) ;;
       "node update"*)
         id="\${@: -1}"; touch "labels-$id"; shift 2
         while [[ $1 == --* ]]; do
           grep -v "^\${2%%=*}=" "labels-$id" >left; cat left >"labels-$id"
           [[ $1 != --label-add ]] || echo "$2" >>"labels-$id"
           shift 2
         done ;;
       "node promote "*) echo manager >"role-$3" ;;
       "node demote "*) echo worker >"role-$3" ;;
       "node rm --force "*) rm -f "role-$4" "labels-$4" ;;
       "volume ls"*) cat "volumes-$at" 2>/dev/null ;;
       *" ls -q") cat "in-use-$1" "others-$1" 2>/dev/null ;;
       "service ls --quiet"*) cat "in-use-service" 2>/dev/null ;;
       *) echo "unexpected: $*" >&2; exit 9 ;;
     esac
     exit 0`,
  );
  box
    .file("answer", "HTTP/1.1 200 OK\r\n\r\n")
    .file("state-first", "active true\n")
    .file("role-id-first", "manager\n");
  box.file("labels-id-first", "hypha.test.host=m1\n").file("state-host", "inactive false\n");
  return box;
}
