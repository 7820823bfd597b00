"""Small Parquet files of pyarrow, and their rows as JSON lines.

    python tests/goldens/parquet/make_parquet.py      # pyarrow 26.0.1
"""
import base64
import datetime
import decimal
import json
import pathlib
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent


def plain(value):
    """As core/parquet has it: what JSON has no word for is a string."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value


def write(name, table, **options):
    pq.write_table(table, here / f"{name}.parquet", store_schema=False, **options)
    rows = pq.read_table(here / f"{name}.parquet").to_pylist()
    for row in rows:
        for field in table.schema:
            if pa.types.is_map(field.type) and row[field.name] is not None:
                row[field.name] = dict(row[field.name])
    lines = [json.dumps(plain(row), ensure_ascii=False, allow_nan=False) for row in rows]
    (here / f"{name}.jsonl").write_text("".join(line + "\n" for line in lines))


messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
talk = pa.table({
    "messages": pa.array([
        [{"role": "user", "content": "Grüße\n\"so\""}, {"role": "assistant", "content": "שלום \\ 世界"}],
        [], None, [{"role": "user", "content": None}, None], [{"role": "user", "content": ""}],
    ], messages),
    "tags": pa.array([["a", None, "b"], None, [], ["c"], [None]], pa.list_(pa.string())),
    "nested": pa.array([[[1, 2], []], [[3], None], [], None, [[4, None, 5]]], pa.list_(pa.list_(pa.int64()))),
    "about": pa.array([{"id": 1, "more": {"x": 0.5}}, {"id": None, "more": None}, None,
                       {"id": -7, "more": {"x": None}}, {"id": 2**62, "more": {"x": 1e300}}],
                      pa.struct([("id", pa.int64()), ("more", pa.struct([("x", pa.float64())]))])),
    "scores": pa.array([[("en", 1.0), ("de", None)], [], None, [("he", 2.5)], [("ja", 3.0)]],
                       pa.map_(pa.string(), pa.float64())),
})
for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
    write(f"talk-{codec}", talk, compression=codec)
write("talk-v2", talk, compression="zstd", data_page_version="2.0", write_page_checksum=True)

types = pa.table({
    "flag": pa.array([True, None, False]),
    "small": pa.array([-128, 0, 127], pa.int8()),
    "wide": pa.array([2**64 - 1, None, 0], pa.uint64()),
    "u32": pa.array([2**32 - 1, 1, 0], pa.uint32()),
    "half": pa.array([1.5, None, -65504.0], pa.float16()),
    "single": pa.array([0.1, -2.0, None], pa.float32()),
    "double": pa.array([0.1, 1e-300, 12345678901234567890.0]),
    "day": pa.array([datetime.date(1, 1, 1), None, datetime.date(2024, 2, 29)]),
    "milli": pa.array([datetime.datetime(1969, 12, 31, 23, 59, 59, 500000), None, datetime.datetime(2024, 2, 29)],
                      pa.timestamp("ms")),
    "micro": pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5, 678901), None, None], pa.timestamp("us", "UTC")),
    "clock": pa.array([datetime.time(23, 59, 59, 1), datetime.time(0), None], pa.time64("us")),
    "money": pa.array([decimal.Decimal("-0.05"), decimal.Decimal("123456789.00"), None], pa.decimal128(20, 2)),
    "huge": pa.array([decimal.Decimal("-170141183460469231731687303715884105728"), None, decimal.Decimal(0)],
                     pa.decimal256(60, 0)),
    "raw": pa.array([b"\xff\x00\x01", b"text", b""], pa.binary()),
    "four": pa.array([b"\xff\x00\x01\x02", b"text", None], pa.binary(4)),
    "same": pa.array(["x", "x", "x"]).dictionary_encode(),
    "none": pa.array([None, None, None], pa.string()),
})
write("types", types, compression="zstd")
write("types-v2", types, compression="gzip", data_page_version="2.0", use_dictionary=False, version="2.6")

many = pa.table({"text": [f"row {i} " + "word " * (i % 7) for i in range(3000)], "n": list(range(3000)),
                 "rare": [i if i % 500 == 0 else None for i in range(3000)]})
pq.write_table(many, here / "many.parquet", compression="zstd", row_group_size=1000, data_page_size=2000,
               store_schema=False)
deltas = pa.table({"n": [(i * 7919) % 1000 - 500 for i in range(140)],
                   "k": pa.array([i * i for i in range(140)], pa.int32()),
                   "text": [f"prefix-{i // 10}-{i}" for i in range(140)],
                   "other": [f"{i}" * (i % 3) for i in range(140)],
                   "x": [i / 3 for i in range(140)],
                   "flag": [i % 3 == 0 for i in range(140)]})
write("deltas", deltas, use_dictionary=False, data_page_version="2.0", compression="zstd", column_encoding={
    "n": "DELTA_BINARY_PACKED", "k": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY",
    "other": "DELTA_LENGTH_BYTE_ARRAY", "x": "BYTE_STREAM_SPLIT", "flag": "RLE"})
