"""Counts capture files by the packet's bytes: the truth that a chaos run is held against.

Shares no code with the product: classic pcap, Ethernet or raw IP, IPv4, IPv6, and the tag rules of docs/tags.md and
docs/rejections.md written anew, with struct alone. Standard input has one line a file, `SENSOR COUNTRY PATH`, as files
appear; at its end the result goes to standard output, one JSON object a line:

  {"frames": n, "packets": n, "rejected": {sensor: {reason: n}}, "captured": {sensor: n}}          first
  {"size":, "zone":, "start":, "vantage":, "packets": {series: n}, "sources": {series: n} | null}   a window, in order

Regions and AS numbers need geo data and are left out.
"""
import ipaddress
import json
import struct
import sys
from collections import defaultdict

TAGS = (
    "mirai zmap masscan backscatter bogon-source same-src-dst port-0 fragment ttl-200 tcp-no-options "
    "tcp-window-1024 scan"
).split()
MIRAI, ZMAP, MASSCAN, BACKSCATTER, BOGON, SAME, PORT_0, FRAGMENT, TTL_200, NO_OPTIONS, WINDOW_1024, SCAN = (
    1 << bit for bit in range(len(TAGS))
)
TOKYO_SECONDS = 9 * 3600

BOGONS = {
    "0.0.0.0/8": 1, "10.0.0.0/8": 1, "100.64.0.0/10": 1, "127.0.0.0/8": 1, "169.254.0.0/16": 1, "172.16.0.0/12": 1,
    "192.0.0.0/24": 1, "192.0.0.9/32": 0, "192.0.0.10/32": 0, "192.0.2.0/24": 1, "192.31.196.0/24": 0,
    "192.52.193.0/24": 0, "192.88.99.2/32": 1, "192.168.0.0/16": 1, "192.175.48.0/24": 0, "198.18.0.0/15": 1,
    "198.51.100.0/24": 1, "203.0.113.0/24": 1, "224.0.0.0/4": 1, "240.0.0.0/4": 1,
    "::1/128": 1, "::/128": 1, "::ffff:0:0/96": 1, "64:ff9b::/96": 0, "64:ff9b:1::/48": 1, "100::/64": 1,
    "100:0:0:1::/64": 1, "2001::/23": 1, "2001:1::1/128": 0, "2001:1::2/128": 0, "2001:1::3/128": 0,
    "2001:2::/48": 1, "2001:3::/32": 0, "2001:4:112::/48": 0, "2001:20::/28": 0, "2001:30::/28": 0,
    "2001:db8::/32": 1, "2620:4f:8000::/48": 0, "3fff::/20": 1, "5f00::/16": 1, "fc00::/7": 1, "fe80::/10": 1,
    "ff00::/8": 1,
}
BLOCKS = sorted(
    ((ipaddress.ip_network(block), bool(is_bogon)) for block, is_bogon in BOGONS.items()),
    key=lambda each: -each[0].prefixlen,
)


class BogonTable(dict):
    """Whether a source (its bytes) is a bogon; the longest block decides."""

    def __missing__(self, octets):
        address = ipaddress.ip_address(octets)
        answer = next((is_bogon for block, is_bogon in BLOCKS if address in block), False)
        self[octets] = BOGON if answer else 0
        return self[octets]


IS_BOGON = BogonTable()
ICMP_TAGS = {t: BACKSCATTER for t in (0, 3, 4, 5, 11, 12, 14, 16, 18, 43)} | {t: SCAN for t in (8, 13, 15, 17, 42)}
ICMPV6_TAGS = {t: BACKSCATTER for t in (1, 2, 3, 4, 129, 140, 161)} | {t: SCAN for t in (128, 139, 160)}
EXTENSIONS = {0, 43, 44, 51, 60, 135, 139, 140}

read_tcp = struct.Struct(">HHI4xBBH").unpack_from
read_ports = struct.Struct(">HH").unpack_from
read_ipv4 = struct.Struct(">BxHHHBBxx4s4s").unpack_from
read_ipv6 = struct.Struct(">IHBB16s16s").unpack_from

NO_PORT = 0x10000


def tcp_flag_tags(flags):
    if flags & 0x04 or flags & 0x12 == 0x12:
        return BACKSCATTER
    return SCAN if flags & 0x3F == 0x02 else 0


FLAG_TAGS = [tcp_flag_tags(flags) for flags in range(256)]


def transport(data, at, end, protocol, is_ipv4, aimed, ip_id):
    """Destination port and tags by the header behind the IP header; each field only where its bytes are there."""
    there = end - at
    if protocol == 6:
        if there < 4:
            return NO_PORT, 0
        if there < 16:
            raise AssertionError("the generator cuts no TCP header")
        source, port, seq, offset, flags, window = read_tcp(data, at)
        tags = FLAG_TAGS[flags]
        if window == 1024:
            tags |= WINDOW_1024
        if source == 0 or port == 0:
            tags |= PORT_0
        if flags & 0x12 == 0x02:
            if offset >> 4 == 5:
                tags |= NO_OPTIONS
            if is_ipv4:
                if seq == aimed:
                    tags |= MIRAI
                if (aimed ^ port ^ seq) & 0xFFFF == ip_id:
                    tags |= MASSCAN
        return port, tags
    if protocol == 17:
        if there < 4:
            return NO_PORT, 0
        source, port = read_ports(data, at)
        tags = BACKSCATTER if source == 53 else SCAN
        return port, tags | PORT_0 if source == 0 or port == 0 else tags
    if there < 1:
        return NO_PORT, 0
    if protocol == 1:
        return NO_PORT, ICMP_TAGS.get(data[at], 0)
    if protocol == 58:
        return NO_PORT, ICMPV6_TAGS.get(data[at], 0)
    return NO_PORT, 0


def ipv4_packet(data, ip, end):
    """(source, protocol, port, tags), or the reason for which it is none."""
    if ip >= end:
        return "ip-header-cut-short"
    header = (data[ip] & 15) * 4
    if header < 20:
        return "ip-header-length"
    if end - ip < 20:
        return "ip-header-cut-short"
    _, total, ip_id, fragment, ttl, protocol, src, dst = read_ipv4(data, ip)
    if total != 0 and total < header:
        return "ip-total-length"
    if end - ip < header:
        return "ip-header-cut-short"
    if total != 0:
        end = min(end, ip + total)
    tags = IS_BOGON[src]
    if ip_id == 54321:
        tags |= ZMAP
    if fragment & 0x3FFF:
        tags |= FRAGMENT
    if ttl >= 200:
        tags |= TTL_200
    if src == dst:
        tags |= SAME
    if fragment & 0x1FFF:
        return src, protocol, NO_PORT, tags
    port, more = transport(data, ip + header, end, protocol, True, int.from_bytes(dst), ip_id)
    return src, protocol, port, tags | more


def ipv6_packet(data, ip, end):
    if end - ip < 40:
        return "ip-header-cut-short"
    _, length, protocol, hops, src, dst = read_ipv6(data, ip)
    end = min(end, ip + 40 + length)
    tags = IS_BOGON[src]
    if hops >= 200:
        tags |= TTL_200
    if src == dst:
        tags |= SAME
    at = ip + 40
    is_later = False
    while protocol in EXTENSIONS and not is_later:
        if end - at < 8:
            return "ipv6-extension-cut-short"
        following = data[at]
        if protocol == 44:
            word = data[at + 2] << 8 | data[at + 3]
            if word & 0xFFF9:
                tags |= FRAGMENT
            is_later = word & 0xFFF8 != 0
            at += 8
        else:
            at += (data[at + 1] + 2) * 4 if protocol == 51 else (data[at + 1] + 1) * 8
            if at > end:
                return "ipv6-extension-cut-short"
        protocol = following
    if is_later:
        return src, protocol, NO_PORT, tags
    port, more = transport(data, at, end, protocol, False, 0, -1)
    return src, protocol, port, tags | more


def ethernet_packet(data, at, end):
    if end - at < 14:
        return "link-header-cut-short"
    kind = data[at + 12] << 8 | data[at + 13]
    ip = at + 14
    if kind == 0x0800:
        return "ip-version" if ip < end and data[ip] >> 4 != 4 else ipv4_packet(data, ip, end)
    if kind == 0x86DD:
        return "ip-version" if ip < end and data[ip] >> 4 != 6 else ipv6_packet(data, ip, end)
    return "not-ip"


def raw_packet(data, at, end):
    if at >= end:
        return "ip-header-cut-short"
    version = data[at] >> 4
    if version == 4:
        return ipv4_packet(data, at, end)
    return ipv6_packet(data, at, end) if version == 6 else "ip-version"


class Truth:
    def __init__(self):
        self.packets = 0
        self.frames = 0
        self.captured = defaultdict(int)
        self.rejected = defaultdict(lambda: defaultdict(int))
        # (country, minute) -> {protocol << 29 | port << 12 | tags: packets}
        self.minutes = defaultdict(lambda: defaultdict(int))
        # (country, hour) -> {source << 40 | the same}
        self.sources = defaultdict(set)

    def add_file(self, sensor, country, path):
        with open(path, "rb") as file:
            data = file.read()
        magic = data[:4]
        order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}[magic]
        link_type = struct.unpack_from(order + "I", data, 20)[0]
        decode = {1: ethernet_packet, 101: raw_packet}[link_type]
        read_record = struct.Struct(order + "IIII").unpack_from
        at, size, frames = 24, len(data), 0
        rejected = self.rejected[sensor]
        minute_now = -1
        cells = seen = None
        while at < size:
            seconds, _, captured, _ = read_record(data, at)
            at += 16
            packet = decode(data, at, at + captured)
            at += captured
            frames += 1
            if packet.__class__ is str:
                rejected[packet] += 1
                continue
            src, protocol, port, tags = packet
            minute = seconds // 60
            if minute != minute_now:
                minute_now = minute
                cells = self.minutes[country, minute]
                seen = self.sources[country, minute // 60]
            code = protocol << 29 | port << 12 | tags
            cells[code] += 1
            # An IPv6 source differs from every IPv4 one by a bit above its 128.
            source = int.from_bytes(src) if len(src) == 4 else int.from_bytes(src) | 1 << 128
            seen.add(source << 40 | code)
        assert at == size, path
        self.frames += frames
        self.captured[sensor] += frames

    def print(self):
        rejected = {sensor: dict(reasons) for sensor, reasons in self.rejected.items()}
        refused = sum(sum(reasons.values()) for reasons in rejected.values())
        say(
            frames=self.frames,
            packets=self.frames - refused,
            rejected=rejected,
            captured=dict(self.captured),
        )
        countries = sorted({country for country, _ in self.minutes})
        for vantage in countries + ["all"]:
            wanted = countries if vantage == "all" else [vantage]
            self.print_windows(vantage, wanted)

    def print_windows(self, vantage, countries):
        minutes = defaultdict(lambda: defaultdict(int))
        hours = defaultdict(set)
        for (country, minute), cells in self.minutes.items():
            if country in countries:
                add_all(minutes[minute], cells)
        for (country, hour), seen in self.sources.items():
            if country in countries:
                hours[hour] |= seen
        for minute, cells in sorted(minutes.items()):
            window("minute", "UTC", minute * 60, vantage, cells, None)
        for size, zone, length, shift in (
            ("hour", "UTC", 3600, 0),
            ("day", "UTC", 86400, 0),
            ("day", "Asia/Tokyo", 86400, TOKYO_SECONDS),
        ):
            starts = defaultdict(lambda: (defaultdict(int), set()))
            for minute, cells in minutes.items():
                start = (minute * 60 + shift) // length * length - shift
                add_all(starts[start][0], cells)
            for hour, seen in hours.items():
                start = (hour * 3600 + shift) // length * length - shift
                starts[start][1].update(seen)
            for start, (cells, seen) in sorted(starts.items()):
                window(size, zone, start, vantage, cells, seen)


def add_all(sums, cells):
    for code, packets in cells.items():
        sums[code] += packets


def say(**fields):
    print(json.dumps(fields, separators=(",", ":")))


def window(size, zone, start, vantage, cells, seen):
    packets = defaultdict(int)
    for code, count in cells.items():
        for series in SERIES[code]:
            packets[series] += count
    sources = None
    if seen is not None:
        sets = defaultdict(set)
        for each in seen:
            source = each >> 40
            for series in SERIES[each & 0xFFFFFFFFFF]:
                sets[series].add(source)
        sources = {series: len(members) for series, members in sets.items()}
    say(size=size, zone=zone, start=start, vantage=vantage, packets=packets, sources=sources)


class SeriesTable(dict):
    """The series that a packet is counted in."""

    def __missing__(self, code):
        protocol, port, bits = code >> 29, code >> 12 & 0x1FFFF, code & 0xFFF
        name = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}.get(protocol, f"{protocol}/IP")
        key = f"{port}/{name}" if protocol in (6, 17) and port != NO_PORT else name
        tags = [tag for bit, tag in enumerate(TAGS) if bits >> bit & 1] or [""]
        self[code] = ["all", f"port={key}"]
        for tag in tags:
            self[code] += [f"tag={tag}", f"port={key},tag={tag}"]
        return self[code]


SERIES = SeriesTable()


def main():
    truth = Truth()
    for line in sys.stdin:
        sensor, country, path = line.rstrip("\n").split(" ", 2)
        truth.add_file(sensor, country, path)
    truth.print()


if __name__ == "__main__":
    main()
