"""Backscatter: what victims of floods with forged sources answer to addresses that never asked.

Which answers a flood brings is the table of Moore, Voelker and Savage, "Inferring Internet Denial-of-Service Activity",
USENIX Security 2001: SYN floods SYN+ACK or RST, others RST+ACK, ICMP unreachable, time exceeded or echo reply. UDP from
port 53 comes of floods of DNS questions with forged sources.
"""

import ipaddress
import struct

from packets import ACK, ICMP, ICMPV6, RST, SYN, TCP, UDP, icmp, ip, tcp, udp

DARK = {4: ipaddress.ip_network("203.0.113.0/24"), 6: ipaddress.ip_network("2001:db8::/64")}
MSS_1460 = bytes.fromhex("020405b4")
UNREACHABLE_PORT = {4: (3, 3), 6: (1, 4)}
UNREACHABLE_HOST = {4: (3, 1), 6: (1, 3)}
TIME_EXCEEDED = {4: (11, 0), 6: (3, 0)}
ECHO_REPLY = {4: (0, 0), 6: (129, 0)}

# Country and IP version of the victim, what it answers, its port, answers a second, and the part of the recording.
FLOODS = (
    ("KR", 4, "syn-ack", 80, 2.2, 0.02, 0.60),
    ("US", 4, "syn-ack", 443, 1.4, 0.10, 0.95),
    ("US", 4, "rst", 443, 0.4, 0.10, 0.95),
    ("CN", 4, "rst-ack", 22, 1.2, 0.30, 0.75),
    ("JP", 4, "dns", 53, 0.9, 0.05, 0.90),
    ("GB", 4, "port-unreachable", 30120, 1.0, 0.40, 0.80),
    ("BR", 4, "host-unreachable", 80, 0.4, 0.00, 1.00),
    ("RU", 4, "time-exceeded", 443, 0.4, 0.20, 1.00),
    ("FR", 4, "echo-reply", 0, 0.5, 0.15, 0.55),
    ("CN", 6, "syn-ack", 443, 0.6, 0.10, 0.80),
    ("JP", 6, "port-unreachable", 53, 0.4, 0.30, 0.90),
    ("DE", 6, "echo-reply", 0, 0.3, 0.05, 0.60),
    ("GB", 6, "rst-ack", 25, 0.3, 0.40, 1.00),
    ("US", 6, "dns", 53, 0.3, 0.00, 0.70),
    ("TW", 6, "time-exceeded", 443, 0.2, 0.20, 0.90),
)


def packets(random, networks, seconds):
    """Yields (time in seconds, IP packet) in order."""
    events = []
    for country, version, kind, port, rate, begin, end in FLOODS:
        homes = [n for n in networks if n.country == country and n.prefix.version == version]
        victim = random.choice(homes).address(random)
        # Errors come from routers on the way; every other answer from the victim itself.
        routers = [random.choice(homes).address(random) for _ in range(4)]
        at = begin * seconds + random.expovariate(rate)
        while at < end * seconds:
            events.append((at, answer(random, kind, victim, random.choice(routers), port)))
            at += random.expovariate(rate)
    yield from sorted(events)


def answer(random, kind, victim, router, port):
    version = victim.version
    host = random.randrange(256) if version == 4 else random.randrange(1, 65536)
    forged = ipaddress.ip_address(int(DARK[version].network_address) + host)
    forged_port = random.randrange(1024, 65536)
    seq = random.randrange(2**32)
    ack = random.randrange(2**32)
    if kind == "syn-ack":
        segment = tcp(victim, forged, port, forged_port, SYN | ACK, seq, ack, 28960, MSS_1460)
        return packet(random, victim, forged, TCP, segment)
    if kind == "rst":
        return packet(random, victim, forged, TCP, tcp(victim, forged, port, forged_port, RST, seq))
    if kind == "rst-ack":
        return packet(random, victim, forged, TCP, tcp(victim, forged, port, forged_port, RST | ACK, 0, ack))
    if kind == "dns":
        refused = struct.pack("!HHHHHH", random.randrange(65536), 0x8185, 0, 0, 0, 0)
        return packet(random, victim, forged, UDP, udp(victim, forged, 53, forged_port, refused))
    if kind == "echo-reply":
        echo = icmp(victim, forged, *ECHO_REPLY[version], random.randrange(2**32))
        return packet(random, victim, forged, icmp_of(version), echo)
    if kind == "port-unreachable":
        asked = ip(forged, victim, UDP, udp(forged, victim, forged_port, port, b""), 50)
        error = icmp(victim, forged, *UNREACHABLE_PORT[version], 0, asked)
        return packet(random, victim, forged, icmp_of(version), error)
    error_of = UNREACHABLE_HOST if kind == "host-unreachable" else TIME_EXCEEDED
    # RFC 792: the header of what was sent and its first 8 bytes.
    asked = ip(forged, victim, TCP, tcp(forged, victim, forged_port, port, SYN, seq)[:8], 1)
    error = icmp(router, forged, *error_of[version], 0, asked)
    return packet(random, router, forged, icmp_of(version), error)


def packet(random, src, dst, protocol, payload):
    return ip(src, dst, protocol, payload, 64 - random.randrange(8, 25), random.randrange(65536))


def icmp_of(version):
    return ICMP if version == 4 else ICMPV6
