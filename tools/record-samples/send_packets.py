"""Sends made packets on an interface at their times: send_packets.py KIND --interface IF --to MAC --seconds N.

KIND is mirai or backscatter. It writes whole Ethernet frames (AF_PACKET, root), so it belongs into a network namespace
that nothing leaves. The same seed gives the same packets; their times are those of the run.
"""

import argparse
import pathlib
import random
import socket
import time

import backscatter
import mirai
from packets import read_networks

KINDS = {"mirai": mirai, "backscatter": backscatter}


def main():
    parser = argparse.ArgumentParser(description="Sends made packets on an interface.")
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--interface", required=True)
    parser.add_argument("--to", required=True, help="destination MAC address")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()

    networks = read_networks(pathlib.Path(__file__).with_name("sources.tsv"))
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((given.interface, 0))
    ends = bytes.fromhex(given.to.replace(":", "")) + link.getsockname()[4]
    sent = 0
    begin = time.monotonic()
    for at, packet in KINDS[given.kind].packets(random.Random(given.seed), networks, given.seconds):
        wait = begin + at - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        ether_type = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        link.send(ends + ether_type + packet)
        sent += 1
    print(f"{sent} packets sent")


if __name__ == "__main__":
    main()
