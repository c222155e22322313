"""Builds IPv4 and IPv6 packets, bytes by bytes, from the layouts of RFC 791, 8200, 9293, 768, 792 and 4443."""

import ipaddress
import struct

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FIN, SYN, RST, ACK = 1, 2, 4, 16


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(src, dst, protocol, length):
    if src.version == 4:
        return src.packed + dst.packed + struct.pack("!BBH", 0, protocol, length)
    return src.packed + dst.packed + struct.pack("!IHBB", length, 0, 0, protocol)


def ip(src, dst, protocol, payload, ttl, identification=0):
    """An IP packet without options; `identification` counts for IPv4 only."""
    if src.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + src.packed + dst.packed + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identification, 0, ttl, protocol, 0)
    head += src.packed + dst.packed
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp(src, dst, src_port, dst_port, flags, seq, ack=0, window=0, options=b""):
    offset = (20 + len(options)) // 4
    segment = struct.pack("!HHIIBBHHH", src_port, dst_port, seq, ack, offset << 4, flags, window, 0, 0) + options
    total = checksum(pseudo_header(src, dst, TCP, len(segment)) + segment)
    return segment[:16] + struct.pack("!H", total) + segment[18:]


def udp(src, dst, src_port, dst_port, payload):
    length = 8 + len(payload)
    datagram = struct.pack("!HHHH", src_port, dst_port, length, 0) + payload
    total = checksum(pseudo_header(src, dst, UDP, length) + datagram)
    return datagram[:6] + struct.pack("!H", total or 0xFFFF) + payload


def icmp(src, dst, kind, code, rest, payload=b""):
    """ICMP, or ICMPv6 where the addresses are IPv6; `rest` is the second 32-bit word."""
    message = struct.pack("!BBHI", kind, code, 0, rest) + payload
    pseudo = pseudo_header(src, dst, ICMPV6, len(message)) if src.version == 6 else b""
    return message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]


class Network:
    """A prefix to draw addresses from, and where it is said to be."""

    def __init__(self, country, prefix, weight):
        self.country = country
        self.prefix = ipaddress.ip_network(prefix)
        self.weight = weight

    def address(self, random):
        """A host: for IPv6 one of the first subnets, with a low interface identifier, as servers have."""
        base = int(self.prefix.network_address)
        host = random.randrange(1, 65534) if self.prefix.version == 4 else (
            random.randrange(1, 4096) << 64 | random.randrange(1, 65536)
        )
        return ipaddress.ip_address(base + host)


def read_networks(path):
    with open(path, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    return [Network(country, prefix, int(weight)) for country, prefix, weight in rows]
