"""A reader of packets.enriched that keeps the first record of each name, held against the truth minute by minute.

Written with other people's clients (confluent-kafka, fastavro), as a downstream team would write it. Prints one JSON
object: {"batches":, "repeats":, "packets":, "rejected":, "lost":, "doubled":}.

  first_of_each_name.py --brokers HOST:PORT --registry URL --prefix P --truth truth.ndjson
"""
import argparse
import io
import json
import struct
import time
import urllib.request
from collections import Counter

import fastavro
from confluent_kafka import Consumer, TopicPartition

PATIENCE_SECONDS = 60


def values_of(brokers, topic):
    """Every value of the topic up to its present end, partition by partition."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "first-of-each-name", "enable.auto.commit": False})
    partitions = sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    for partition in partitions:
        start, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        consumer.assign([TopicPartition(topic, partition, start)])
        position = start
        deadline = time.monotonic() + PATIENCE_SECONDS
        while position < end:
            assert time.monotonic() < deadline, f"{topic} {partition} ends at {position}, before {end}"
            for message in consumer.consume(500, timeout=0.2):
                assert message.error() is None, message.error()
                deadline = time.monotonic() + PATIENCE_SECONDS
                position = message.offset() + 1
                if message.offset() < end:
                    yield message.value(), dict(message.headers() or [])
    consumer.close()


def truth_of(file):
    """(minute, series) -> packets, of all sensors together."""
    truth = {}
    with open(file) as lines:
        for line in lines:
            window = json.loads(line)
            if window.get("size") == "minute" and window["vantage"] == "all":
                truth[window["start"]] = window["packets"]
    return truth


def port_key(protocol, port):
    name = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}.get(protocol, f"{protocol}/IP")
    return f"{port}/{name}" if protocol in (6, 17) and port >= 0 else name


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("brokers", "registry", "prefix", "truth"):
        arguments.add_argument(f"--{name}", required=True)
    options = arguments.parse_args()

    schemas = {}
    names = set()
    cells = Counter()
    repeats = rejected = packets = 0
    tag_ids = []
    for value, headers in values_of(options.brokers, options.prefix + "packets.enriched"):
        name = headers["name"]
        if name in names:
            repeats += 1
            continue
        names.add(name)
        magic, schema_id = struct.unpack(">bI", value[:5])
        assert magic == 0
        if schema_id not in schemas:
            with urllib.request.urlopen(f"{options.registry}/schemas/ids/{schema_id}") as answer:
                schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        batch = fastavro.schemaless_reader(io.BytesIO(value[5:]), schemas[schema_id])
        tag_ids = batch["tag_ids"] or tag_ids
        rejected += sum(count["frames"] for count in batch["rejected"])
        packets += len(batch["src"])
        minutes = [(batch["start_seconds"] + after) // 60 for after in batch["seconds_after_start"]]
        cells.update(zip(minutes, batch["protocol"], batch["dst_port"], batch["tags"]))

    found = {}
    for (minute, protocol, port, bits), count in cells.items():
        sums = found.setdefault(minute * 60, Counter())
        key = port_key(protocol, port)
        sums["all"] += count
        sums[f"port={key}"] += count
        for tag in [tag for bit, tag in enumerate(tag_ids) if bits >> bit & 1] or [""]:
            sums[f"tag={tag}"] += count
            sums[f"port={key},tag={tag}"] += count

    lost = doubled = 0
    truth = truth_of(options.truth)
    for minute in truth.keys() | found.keys():
        wanted, is_ = truth.get(minute, {}), found.get(minute, {})
        for series in wanted.keys() | is_.keys():
            difference = is_.get(series, 0) - wanted.get(series, 0)
            lost += max(0, -difference)
            doubled += max(0, difference)
    result = {"batches": len(names), "repeats": repeats, "packets": packets, "rejected": rejected}
    print(json.dumps({**result, "lost": lost, "doubled": doubled}))


if __name__ == "__main__":
    main()
