"""Looks addresses up with libmaxminddb (the library behind mmdblookup; Debian: libmaxminddb0), one process for all.

usage: libmaxminddb.py DATABASE 4|6 KEY...
stdin:  16 bytes an address in network order; an IPv4 address is the last 4 of them
stdout: a line an address: the value at the path of KEYs, empty where there is none
"""
import ctypes
import ctypes.util
import socket
import struct
import sys


class Entry(ctypes.Structure):
    _fields_ = [("mmdb", ctypes.c_void_p), ("offset", ctypes.c_uint32)]


class Result(ctypes.Structure):
    _fields_ = [("found", ctypes.c_bool), ("entry", Entry), ("netmask", ctypes.c_uint16)]


class Value(ctypes.Structure):
    """MMDB_entry_data_s where unsigned __int128 exists: the union of values is aligned to 16 bytes."""

    _fields_ = [
        ("has_data", ctypes.c_bool),
        ("padding", ctypes.c_char * 15),
        ("bits", ctypes.c_uint64),
        ("more_bits", ctypes.c_uint64),
        ("offset", ctypes.c_uint32),
        ("offset_to_next", ctypes.c_uint32),
        ("data_size", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
    ]


UTF8, UINT32 = 2, 6

library = ctypes.CDLL("libmaxminddb.so.0")
library.MMDB_lookup_sockaddr.restype = Result
library.MMDB_strerror.restype = ctypes.c_char_p


def check(status):
    if status != 0:
        sys.exit("libmaxminddb: " + library.MMDB_strerror(status).decode())


def text_of(entry, path):
    value = Value()
    status = library.MMDB_aget_value(ctypes.byref(entry), ctypes.byref(value), path)
    if status in (7, 8, 9) or not value.has_data:  # no such path, or data of another shape
        return ""
    check(status)
    if value.type == UTF8:
        return ctypes.string_at(value.bits, value.data_size).decode()
    if value.type == UINT32:
        return str(value.bits & 0xFFFFFFFF)
    sys.exit("libmaxminddb.py: a value of type %d" % value.type)


def main():
    database, version, keys = sys.argv[1], sys.argv[2], sys.argv[3:]
    mmdb = ctypes.create_string_buffer(4096)  # MMDB_s is about 200 bytes
    check(library.MMDB_open(database.encode(), 1, mmdb))
    path = (ctypes.c_char_p * (len(keys) + 1))(*[key.encode() for key in keys], None)
    addresses = sys.stdin.buffer.read()
    address = ctypes.create_string_buffer(128)
    error = ctypes.c_int(0)
    error_pointer = ctypes.byref(error)
    lookup = library.MMDB_lookup_sockaddr
    known = {}
    lines = []
    for at in range(0, len(addresses), 16):
        if version == "4":
            struct.pack_into("=HH4s", address, 0, socket.AF_INET, 0, addresses[at + 12 : at + 16])
        else:
            struct.pack_into("=HHI16s", address, 0, socket.AF_INET6, 0, 0, addresses[at : at + 16])
        result = lookup(mmdb, address, error_pointer)
        if error.value != 0:
            check(error.value)
        if not result.found:
            lines.append("")
            continue
        offset = result.entry.offset
        if offset not in known:
            known[offset] = text_of(result.entry, path)
        lines.append(known[offset])
    sys.stdout.write("\n".join(lines) + "\n")


main()
