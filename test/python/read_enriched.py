"""Reads packets.enriched (and packets.rejected) with other people's clients, and prints what `stormpetrel tag` prints.

One JSON object a line: every packet, then every rejected frame, in order of partition and offset. The first record
of a name is kept and the rest are dropped, as the topic asks of its readers.

  read_enriched.py --brokers HOST:PORT[,..] --registry URL [--prefix P] --reader confluent|fastavro
"""
import argparse
import io
import json
import socket
import struct
import sys
import urllib.request
from datetime import datetime, timezone

import fastavro
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

NULL_FIELDS = (
    "timestamp src dst protocol src_port dst_port icmp_type icmp_code tcp_flags tcp_seq ip_id ttl ip_length tags region asn"
).split()


def by_confluent(registry_url):
    """confluent-kafka's own deserializer, which asks the registry for the writer's schema."""
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))
    return lambda topic, value: deserialize(value, SerializationContext(topic, MessageField.VALUE))


def by_fastavro(registry_url):
    """fastavro on the bytes after the five of the Confluent wire format."""
    schemas = {}

    def decode(_topic, value):
        magic, schema_id = struct.unpack(">bI", value[:5])
        assert magic == 0
        if schema_id not in schemas:
            with urllib.request.urlopen(f"{registry_url}/schemas/ids/{schema_id}") as answer:
                schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        body = io.BytesIO(value[5:])
        record = fastavro.schemaless_reader(body, schemas[schema_id])
        assert body.read() == b"", "bytes after the value"
        return record

    return decode


def values_of(brokers, topic):
    """Every value of the topic up to its present end, partition by partition."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "read-enriched", "enable.auto.commit": False})
    partitions = sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    for partition in partitions:
        start, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        consumer.assign([TopicPartition(topic, partition, start)])
        position = start
        while position < end:
            message = consumer.poll(30)
            assert message is not None, f"{topic} {partition} ends at {position}, before {end}"
            assert message.error() is None, message.error()
            position = message.offset() + 1
            yield message.value(), dict(message.headers() or [])
    consumer.close()


def address(octets):
    """RFC 5952, with the dotted form for addresses that hold an IPv4 address."""
    return socket.inet_ntop(socket.AF_INET if len(octets) == 4 else socket.AF_INET6, octets)


def packets_of(batch):
    """The columns of a batch as one record a packet."""
    present = lambda value: None if value == -1 else value
    for i in range(len(batch["src"])):
        seconds = batch["start_seconds"] + batch["seconds_after_start"][i]
        second = datetime.fromtimestamp(seconds, timezone.utc)
        bits = batch["tags"][i]
        yield {
            "file": batch["file"],
            "frame": batch["frame"][i] if batch["frame"] else 0,
            "timestamp": f"{second:%Y-%m-%dT%H:%M:%S}.{batch['timestamp_nanoseconds'][i]:09d}Z",
            "src": address(batch["src"][i]),
            "dst": address(batch["dst"][i]),
            "protocol": batch["protocol"][i],
            **{
                field: present(batch[field][i])
                for field in "src_port dst_port icmp_type icmp_code tcp_flags tcp_seq ip_id".split()
            },
            "ttl": batch["ttl"][i],
            "ip_length": batch["ip_length"][i],
            "tags": [tag for bit, tag in enumerate(batch["tag_ids"]) if bits >> bit & 1],
            "region": batch["regions"][batch["region"][i]],
            "asn": batch["asn"][i],
            "rejected": None,
        }


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--registry", required=True)
    arguments.add_argument("--prefix", default="")
    arguments.add_argument("--reader", choices=["confluent", "fastavro"], required=True)
    options = arguments.parse_args()
    decode = {"confluent": by_confluent, "fastavro": by_fastavro}[options.reader](options.registry)

    names = set()
    topic = options.prefix + "packets.enriched"
    for value, headers in values_of(options.brokers, topic):
        batch = decode(topic, value)
        name = f"{batch['sensor']}|{batch['epoch']}|{batch['lane']}|{batch['number']}"
        frames = len(batch["src"]) + sum(count["frames"] for count in batch["rejected"])
        assert headers["name"].decode() == name, headers
        assert int(headers["packets"]) == frames, headers
        if name in names:
            continue
        names.add(name)
        for packet in packets_of(batch):
            print(json.dumps(packet))

    seen = set()
    topic = options.prefix + "packets.rejected"
    for value, _headers in values_of(options.brokers, topic):
        frame = decode(topic, value)
        place = (frame["topic"], frame["partition"], frame["offset"], frame["frame"], frame["sha256"])
        # The topic is at least once; a live packet has no number, and is told apart by its bytes alone.
        if frame["frame"] > 0 and place in seen:
            continue
        seen.add(place)
        empty = dict.fromkeys(NULL_FIELDS)
        line = {"file": frame["file"], "frame": frame["frame"], **empty, "rejected": frame["reason"]}
        print(json.dumps(line))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=False)
    main()
