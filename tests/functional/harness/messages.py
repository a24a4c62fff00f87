"""The wire messages (proto/schema) as Python classes, made by protoc when this module is read."""
import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import json_format

SCHEMA = pathlib.Path(__file__).resolve().parents[3] / "proto" / "schema"

_generated = tempfile.TemporaryDirectory(prefix="lanyard-messages-")
subprocess.run(["protoc", f"--proto_path={SCHEMA}", f"--python_out={_generated.name}",
                *(str(file.relative_to(SCHEMA)) for file in sorted(SCHEMA.glob("lanyard/v1/*.proto")))],
               check=True, cwd=SCHEMA)
sys.path.insert(0, _generated.name)

from lanyard.v1 import (  # noqa: E402
    admin_pb2, check_pb2, enroll_pb2, envelope_pb2, local_pb2, metadata_pb2, report_pb2, session_pb2, signing_pb2,
    status_pb2)


def from_json(text, kind):
    """One document of `--json`; an unknown field is an error, for the schema is the promise."""
    return json_format.Parse(text, kind())
