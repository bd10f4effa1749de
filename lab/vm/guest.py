"""Runs a command in a virtual machine by QEMU's guest agent: guest.py SOCKET CMD… Standard input goes with it whole;
its output and exit code come back when it has ended. https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html"""

import base64
import itertools
import json
import socket
import sys
import time


def main(path, command):
    agent = socket.socket(socket.AF_UNIX)
    agent.settimeout(20)
    agent.connect(path)
    answers = agent.makefile("rb")

    def ask(name, **arguments):
        agent.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
        answer = json.loads(answers.readline())
        if "error" in answer:
            sys.exit(f"{name}: {answer['error']['desc']}")
        return answer["return"]

    # What an earlier caller did not wait for may still arrive: the agent answers our number after it.
    number = time.monotonic_ns() & 0x7FFFFFFF
    agent.sendall(b"\xff" + json.dumps({"execute": "guest-sync-delimited", "arguments": {"id": number}}).encode())
    while True:
        line = answers.readline().rpartition(b"\xff")[2]
        if line.strip() and json.loads(line).get("return") == number:
            break

    data = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
    process = ask(
        "guest-exec",
        path=command[0],
        arg=command[1:],
        env=environment,
        **{"input-data": base64.b64encode(data).decode(), "capture-output": True},
    )["pid"]
    for pause in itertools.chain([0.01, 0.02, 0.05], itertools.repeat(0.1)):
        state = ask("guest-exec-status", pid=process)
        if state["exited"]:
            break
        time.sleep(pause)
    sys.stdout.buffer.write(base64.b64decode(state.get("out-data", "")))
    sys.stderr.buffer.write(base64.b64decode(state.get("err-data", "")))
    return state.get("exitcode", 128 + state.get("signal", 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
