"""Writes a country database of ip-location-db anew in MaxMind's layout, which pmacct reads: its records are
{"country_code": "JP"}, MaxMind's are {"country": {"iso_code": "JP"}}. Networks and countries stay the same.

  maxmind_layout.py SOURCE TARGET

maxminddb 3.2.0 reads, mmdb_writer 0.2.7 writes.
"""
import os
import sys

import maxminddb
from mmdb_writer import MMDBWriter
from netaddr import IPNetwork, IPSet


def main(source, target):
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoLite2-Country", languages=["en"])
    with maxminddb.open_database(source) as reader:
        for network, record in reader:
            writer.insert_network(IPSet([IPNetwork(str(network))]), {"country": {"iso_code": record["country_code"]}})
    # Named last, so that half a database never passes for one.
    writer.to_db_file(f"{target}.new")
    os.replace(f"{target}.new", target)


if __name__ == "__main__":
    main(*sys.argv[1:])
