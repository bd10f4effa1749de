# shellcheck shell=bash
# How the image IMAGE comes from one engine to others: only the layers that another one lacks are sent.

# Runs on an engine's host: what must be known before the image $1 is built or sent, each fact a line.
engine_facts() {
  local arch root
  arch=$(docker version --format '{{.Server.Arch}}')
  root=$(docker info --format '{{.DockerRootDir}}')
  printf 'arch %s\n' "${arch}"
  printf 'image %s\n' "$(docker image inspect \
    --format '{{.Id}} {{.Architecture}} {{range .RootFS.Layers}}{{.}} {{end}}' "$1" 2>/dev/null | grep . || true)"
  # In KiB. The engine of a desktop keeps its data where this machine has no such directory.
  printf 'free %s\n' "$(df -Pk "${root}" 2>/dev/null | awk 'NR == 2 { print $4 }' || true)"
  # Another run may remove an image while they are looked at.
  docker image ls --quiet --no-trunc | sort -u |
    xargs -r docker image inspect --format 'layers {{range .RootFS.Layers}}{{.}} {{end}}' 2>/dev/null || true
}

# Runs on an engine's host: the image $1 as `docker save` gives it, compressed, without the layers in the places named
# after it.
engine_archive() {
  local name=$1 files=()
  shift
  if (($# > 0)); then
    mapfile -t files < <(docker save "${name}" | tar -xOf - manifest.json | layer_files | sed -n "$(printf '%sp;' "$@")")
    docker save "${name}" | tar --delete -f - "${files[@]}" | gzip -1
  else
    docker save "${name}" | gzip -1
  fi
}

# The files of an image's layers, from the lowest, by the manifest.json of its archive.
layer_files() { sed 's/.*"Layers":\[\([^]]*\)\].*/\1/; s/"//g' | tr ',' '\n'; }

# Bytes in words, rounded up.
size() {
  if (($1 < 1048576)); then printf '%s KiB' "$((($1 + 1023) / 1024))"; else printf '%s MiB' "$((($1 + 1048575) / 1048576))"; fi
}

# known ENGINE NAME: as `ask` has found it.
known() { sed -n "s/^$2 //p" "${WORK}/$(name_of "$1").facts"; }

image_id() { known "$1" image | cut -d ' ' -f 1; }

ask() { run_at "${ENGINE}" engine_facts "${IMAGE}" >"${OWN}.facts" 2>"${OWN}.said" || complain; }
ask_patiently() { persist ask; }

# spread SOURCE ENGINE...: sends the image from the engine SOURCE, whose facts are known, to others, whose facts are.
spread() {
  local source=$1 id architecture layers receiver common lowest=''
  shift
  read -r id architecture layers < <(known "${source}" image)
  for receiver in "$@"; do
    common=$(common_layers "${receiver}")
    if [[ -z ${lowest} ]] || ((common < lowest)); then lowest=${common}; fi
  done
  unpack "${WORK}/archive" "${lowest}" ||
    fail "image ${IMAGE} could not be read from $(name_of "${source}")" "see the message above"
  each receive "$@"
  rm -rf "${WORK}/archive"
}

# unpack DIRECTORY COUNT: the source's archive. From another host it comes without the COUNT lowest layers.
unpack() {
  local places
  mkdir "$1"
  if [[ ${source} == *$'\t'* ]]; then
    mapfile -t places < <(spared "$2")
    note "fetching ${IMAGE} from $(name_of "${source}")"
    run_at "${source}" engine_archive "${IMAGE}" "${places[@]}" | tar -xzf - -C "$1"
  else
    docker save "${IMAGE}" | tar -xf - -C "$1"
  fi
}

# How many of the image's layers, from the lowest, an engine has in an image of its own.
common_layers() {
  known "$1" layers | awk -v wanted="${layers}" '
    BEGIN { count = split(wanted, want, " ") }
    { for (n = 0; n < count && want[n + 1] == $(n + 1); n++); if (n > most) most = n }
    END { print most + 0 }'
}

# The places, from 1, of the $1 lowest layers, without those that stand again higher up: one file is for both.
spared() {
  local n ids
  read -r -a ids <<<"${layers}"
  for ((n = 0; n < $1; n++)); do
    [[ " ${ids[*]:$1} " == *" ${ids[n]} "* ]] || printf '%s\n' "$((n + 1))"
  done
}

# One image at a time is on its way to a host: layers that two have in common are sent once. The lock goes with this
# process.
one_at_a_time() {
  command -v flock >/dev/null || return 0
  exec 9>"${TMPDIR:-/tmp}/hypha-images-$(id -u)-$(sha256sum <<<"${ENGINE}" | cut -c 1-16).lock"
  flock 9
}

receive() {
  local theirs
  one_at_a_time
  persist ask
  [[ $(image_id "${ENGINE}") != "${id}" ]] || return 0
  theirs=$(known "${ENGINE}" arch)
  [[ ${theirs} == "${architecture}" ]] || because "its engine is for ${theirs}, the image for ${architecture}"
  persist deliver
}

# An engine looks a layer up by the ids up to it before it opens the layer's file, so the file may be left out. Where
# one does not, all of them go. A status of 255 is ssh's own.
deliver() {
  local files places options=() place code=0
  mapfile -t files < <(layer_files <"${WORK}/archive/manifest.json")
  mapfile -t places < <(spared "$(common_layers "${ENGINE}")")
  for place in "${places[@]}"; do options+=("--exclude=./${files[place - 1]}"); done
  load "${WORK}/archive" "${options[@]}" || code=$?
  ((code != 0 && code != 255 && ${#options[@]} > 0)) || return "${code}"
  note "its engine did not take ${IMAGE} without the layers that it has: sending all of them"
  rm -rf "${OWN}.archive"
  unpack "${OWN}.archive" 0 2>"${OWN}.said" || complain || return
  load "${OWN}.archive"
}

# load DIRECTORY OPTION...: the archive there, but for what tar's options leave out.
load() {
  local directory=$1 bytes code=0 start=${SECONDS}
  shift
  bytes=$(tar -C "${directory}" "$@" -cf - . | wc -c)
  enough_disk "${bytes}"
  note "sending ${IMAGE}: $(size "${bytes}"), ${#files[@]} layers but for $# that it has"
  tar -C "${directory}" "$@" -cf - . | counted "${bytes}" | gzip -1 |
    at "${ENGINE}" docker load --quiet 2>"${OWN}.said" >/dev/null || code=$?
  if ((code != 0)); then
    complain || return "${code}"
  fi
  at "${ENGINE}" docker image inspect '--format={{.Id}}' "${IMAGE}" >"${OWN}.id" 2>"${OWN}.said" || complain || return
  if [[ $(<"${OWN}.id") != "${id}" ]]; then
    printf 'it has %s after it was sent %s\n' "$(<"${OWN}.id")" "${id}" >"${OWN}.said"
    complain || return
  fi
  note "sent ${IMAGE}: $(size "${bytes}"), $((SECONDS - start)) s"
}

# The engine unpacks the archive beside the layers that it makes of it, so twice its bytes are needed.
enough_disk() {
  local free needed=$((2 * $1 + 64 * 1048576))
  free=$(known "${ENGINE}" free)
  # Trying again makes no room.
  [[ -z ${free} ]] || ((free * 1024 >= needed)) ||
    because "$(size "$((free * 1024))") of disk are free, $(size "${needed}") are needed: make room, or lower hypha:images.keep" ||
    exit 1
}

# Passes standard input on, and says every few seconds how much of $1 bytes has gone.
counted() { LC_ALL=C dd bs=64k status=progress 2> >(progress "$1"); }

# What dd says: a line a second, each after a carriage return.
progress() {
  local line last=0
  while IFS= read -r -d $'\r' line; do
    [[ ${line} =~ ^([0-9]+)\ bytes.*copied,\ ([0-9]+) ]] || continue
    ((BASH_REMATCH[2] >= last + 3)) || continue
    last=${BASH_REMATCH[2]}
    note "$(size "${BASH_REMATCH[1]}") of $(size "$1"), ${last} s"
  done
}
