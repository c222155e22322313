"""The Python peer: packets.raw counted by minute, port and Mirai-type, and by minute, region and Mirai-type.

confluent-kafka 2.16.0 (librdkafka), fastavro 1.13.1, maxminddb 3.2.0 and redis 8.1.0 with hiredis 3.5.0, the parts in C
in use. One process and one consumer with default settings, but that offsets are committed after the counts are
written. A source's country is kept for the newest 100,000 sources.

It ends after the first packets that were asked for, however many the topic holds, and prints a line of JSON.
"""
import argparse
import json
import struct
import time
import uuid
from collections import Counter
from functools import lru_cache
from io import BytesIO
from itertools import islice
from socket import AF_INET, AF_INET6, inet_ntop

import maxminddb
import redis
from confluent_kafka import Consumer, KafkaException
from fastavro import schemaless_reader
from fastavro.schema import load_schema

CONFLUENT_HEADER_BYTES = 5
PCAP_HEADER_BYTES = 24
KNOWN_SOURCES = 100_000
COMMANDS_PER_PIPELINE = 10_000

TCP, UDP = 6, 17
SYN, ACK = 0x02, 0x10

# A record's seconds, nanoseconds, captured length and wire length.
RECORD = struct.Struct("<IIII")
# The first byte, protocol, source and destination.
IPV4 = struct.Struct("!B8xB2x4s4s")
# The first byte, next header and source.
IPV6 = struct.Struct("!B5xBx16s")
# The destination port.
PORTS = struct.Struct("!2xH")
# The sequence number, as bytes, and the flags.
SEQUENCE_AND_FLAGS = struct.Struct("!4x4s5xB")


def packets_of(capture):
    """Minute, protocol, port, whether it is Mirai-type, and source of each IP packet of a pcap of raw IP."""
    at = PCAP_HEADER_BYTES
    while at < len(capture):
        seconds, _, length, _ = RECORD.unpack_from(capture, at)
        start = at + RECORD.size
        at = start + length
        version = capture[start] >> 4 if length > 0 else 0
        if version == 4 and length >= 20:
            first, protocol, source, destination = IPV4.unpack_from(capture, start)
            transport = start + (first & 0xF) * 4
        elif version == 6 and length >= 40:
            _, protocol, source = IPV6.unpack_from(capture, start)
            transport = start + 40
        else:
            continue
        port = 0
        is_mirai = False
        if protocol in (TCP, UDP) and transport + 8 <= at:
            (port,) = PORTS.unpack_from(capture, transport)
        if protocol == TCP and version == 4 and transport + 14 <= at:
            sequence, flags = SEQUENCE_AND_FLAGS.unpack_from(capture, transport)
            is_mirai = sequence == destination and flags & (SYN | ACK) == SYN
        yield seconds - seconds % 60, protocol, port, is_mirai, source


def country_finder(database):
    reader = maxminddb.open_database(database, maxminddb.MODE_MMAP_EXT)

    @lru_cache(maxsize=KNOWN_SOURCES)
    def country_of(source):
        record = reader.get(inet_ntop(AF_INET if len(source) == 4 else AF_INET6, source))
        return record["country_code"] if record else "ZZ"

    return country_of


def count(consumer, schema, country_of, wanted):
    """Both counts of the first so many packets that the consumer gives."""
    by_port, by_region = Counter(), Counter()
    counted = 0
    while counted < wanted:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        batch = schemaless_reader(BytesIO(message.value()[CONFLUENT_HEADER_BYTES:]), schema)
        packets = list(islice(packets_of(batch["capture"]), wanted - counted))
        by_port.update((minute, port, protocol, is_mirai) for minute, protocol, port, is_mirai, _ in packets)
        by_region.update((minute, country_of(source), is_mirai) for minute, _, _, is_mirai, source in packets)
        counted += len(packets)
    return by_port, by_region


def write_counts(url, by_port, by_region):
    """Adds to the hashes counts:<minute>:port and counts:<minute>:region."""
    commands = []
    for (minute, port, protocol, is_mirai), packets in by_port.items():
        commands.append((f"counts:{minute}:port", f"{port}/{protocol}/{is_mirai:d}", packets))
    for (minute, region, is_mirai), packets in by_region.items():
        commands.append((f"counts:{minute}:region", f"{region}/{is_mirai:d}", packets))
    with redis.Redis.from_url(url) as client, client.pipeline(transaction=False) as pipeline:
        for number, command in enumerate(commands, 1):
            pipeline.hincrby(*command)
            if number % COMMANDS_PER_PIPELINE == 0:
                pipeline.execute()
        pipeline.execute()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--packets", required=True, type=int, help="after which it ends")
    parser.add_argument("--schema", required=True, help="packets.raw.avsc")
    parser.add_argument("--database", required=True, help="ip-location-db's countries as .mmdb")
    parser.add_argument("--redis", required=True, help="redis://HOST:PORT")
    arguments = parser.parse_args()

    began = time.perf_counter()
    consumer = Consumer(
        {
            "bootstrap.servers": arguments.brokers,
            "group.id": f"peer-python-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([arguments.topic])
    country_of = country_finder(arguments.database)
    by_port, by_region = count(consumer, load_schema(arguments.schema), country_of, arguments.packets)
    write_counts(arguments.redis, by_port, by_region)
    consumer.commit(asynchronous=False)
    consumer.close()
    result = {
        "packets": by_port.total(),
        "mirai": sum(n for (_, _, _, is_mirai), n in by_port.items() if is_mirai),
        "seconds": round(time.perf_counter() - began, 3),
        "cpuSeconds": round(time.process_time(), 3),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
