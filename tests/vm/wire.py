"""What goes over a machine's network cable: wire.py DEVICE WORD SECONDS. As JSON: packets of ESP, packets of VXLAN, and
packets that hold the word in plain text."""

import json
import socket
import sys
import time


def main(device, word, seconds):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind((device, 0))
    seen = {"esp": 0, "vxlan": 0, "plain": 0}
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame = wire.recv(65535)
        except TimeoutError:
            break
        if frame[12:14] != b"\x08\x00":
            continue
        start = 14 + (frame[14] & 15) * 4
        protocol, port = frame[23], int.from_bytes(frame[start + 2 : start + 4], "big")
        seen["esp"] += protocol == 50
        seen["vxlan"] += protocol == 17 and port == 4789
        seen["plain"] += word.encode() in frame
    print(json.dumps(seen))


main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
