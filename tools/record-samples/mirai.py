"""Probes of Mirai-type bots.

The rule is that of the scanner in Mirai's published source (scanner.c, 2016), as analysed in Antonakakis et al.,
"Understanding the Mirai Botnet", USENIX Security 2017, sections 2 and 3: a TCP SYN without options whose sequence number is
the destination address, to 23/TCP nine times of ten, else to 2323/TCP; the identification is random in every packet,
source port (1024 or more) and window are drawn once in a bot's life, the time to live starts at 64.
"""

import ipaddress
from bisect import bisect

from packets import SYN, TCP, ip, tcp

BOTS = 420
DARK = ipaddress.ip_network("203.0.113.0/24")
WAVE_COUNTRIES = ("KR", "TW", "JP")


class Bot:
    def __init__(self, random, source):
        self.source = source
        self.source_port = random.randrange(1024, 65536)
        self.window = random.randrange(65536)
        self.ttl = 64 - random.randrange(6, 24)
        self.probes = 0

    def probe(self, random):
        target = DARK[random.randrange(256)]
        port = 2323 if self.probes % 10 == 0 else 23
        self.probes += 1
        segment = tcp(self.source, target, self.source_port, port, SYN, int(target), window=self.window)
        return ip(self.source, target, TCP, segment, self.ttl, random.randrange(65536))


def packets(random, networks, seconds):
    """Yields (time in seconds, IP packet) in order: some 15 a second, and from the middle on a wave of new bots."""
    usual = [network for network in networks if network.weight > 0]
    wave = [network for network in usual if network.country in WAVE_COUNTRIES]
    half = BOTS // 2
    drawn = random.choices(usual, [network.weight for network in usual], k=half)
    bots = [Bot(random, network.address(random)) for network in drawn]
    late = [Bot(random, network.address(random)) for network in random.choices(wave, k=BOTS - half)]

    # A few bots send most of the probes: the n-th sends in proportion to 1 / (n + 4).
    busy = cumulative([1 / (rank + 4) for rank in range(half)])
    now = 0.0
    while True:
        middle = seconds / 2
        wave_share = 0.0 if now < middle else 0.6 * min(1.0, (now - middle) / (seconds / 6))
        now += random.expovariate(15 / (1 - wave_share))
        if now >= seconds:
            return
        if random.random() < wave_share:
            bot = late[min(int(random.random() ** 1.5 * len(late)), len(late) - 1)]
        else:
            bot = bots[min(bisect(busy, random.random() * busy[-1]), len(bots) - 1)]
        yield now, bot.probe(random)


def cumulative(weights):
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums
