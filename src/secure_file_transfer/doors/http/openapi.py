"""The server's description for machines: what FastAPI derives from the JSON routes, and the content routes by hand."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ...transfer.frames import MEDIA_TYPE
from . import block_schemas, schemas

_PROBLEM = {
    "description": "An error (RFC 9457); `code` decides.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
}
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_PATH = {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(where: str, name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "description": description, "schema": {"type": "string", **schema}}


_CONDITIONS = [
    _parameter("header", "If-Match", "Only if the content has this ETag."),
    _parameter("header", "If-None-Match", "Only if it has not; `*`: only if nothing is there."),
]
_READ = [
    _PATH,
    *_CONDITIONS,
    _parameter("header", "If-Modified-Since", "Only if it is newer."),
    _parameter("header", "If-Unmodified-Since", "Only if it is not newer."),
    _parameter("query", "media", "An image, sound or film gets the media type that its name promises."),
]
_SENT = {
    "200": {"description": "The whole file", "content": _BYTES},
    "304": {"description": "Not modified"},
    "default": _PROBLEM,
}
_GET = {
    "summary": "Read a file",
    "operationId": "read_file",
    "parameters": [
        *_READ,
        _parameter("header", "Range", "One range of bytes."),
        _parameter("header", "If-Range", "The whole file if it is not this one any more."),
    ],
    "responses": {**_SENT, "206": {"description": "The range", "content": _BYTES}},
}
_HEAD = {"summary": "Describe a file", "operationId": "describe_file", "parameters": _READ, "responses": _SENT}
_WRITTEN = {"application/json": {"schema": {"$ref": "#/components/schemas/WrittenOut"}}}
_PUT = {
    "summary": "Store a file",
    "operationId": "store_file",
    "parameters": [
        _PATH,
        *_CONDITIONS,
        _parameter("header", "Content-Digest", "sha-256=:base64:, compared before anything is published (RFC 9530)."),
        _parameter("header", "Repr-Digest", "The same."),
        _parameter(
            "query",
            "conflict",
            "What to do when the name is taken.",
            enum=["overwrite", "skip", "rename", "newer"],
            default="overwrite",
        ),
        _parameter("query", "modified", "The modification time to keep.", format="date-time"),
        {"name": "parents", "in": "query", "schema": {"type": "boolean", "default": False}},
    ],
    "requestBody": {"required": True, "content": _BYTES},
    "responses": {
        "200": {"description": "Replaced or skipped", "content": _WRITTEN},
        "201": {"description": "Created", "content": _WRITTEN},
        "default": _PROBLEM,
    },
}
_ZIP = {
    "summary": "A ZIP archive of a folder, or of any selection",
    "operationId": "zip",
    "parameters": [
        {
            "name": "path",
            "in": "query",
            "required": True,
            "schema": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        }
    ],
    "responses": {
        "200": {"description": "The archive", "content": {"application/zip": _BYTES["application/octet-stream"]}},
        "default": _PROBLEM,
    },
}
_TUS = _parameter("header", "Tus-Resumable", "1.0.0")
_UPLOAD = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def _tus(summary: str, name: str, status: int, *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    responses = {str(status): {"description": "Done"}, "default": _PROBLEM}
    return {"summary": summary, "operationId": name, "parameters": list(parameters), "responses": responses, **more}


_PIECE = {"content": {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_UPLOADS = {
    "options": _tus("What resumable uploads (tus 1.0) can do here", "uploads_abilities", 204),
    "head": _tus(
        "Find one's unfinished upload to a place",
        "find_upload",
        200,
        _TUS,
        _parameter("query", "path", "Where the file is to go."),
    ),
    "post": _tus("Begin a resumable upload", "create_upload", 201, _TUS, requestBody=_PIECE),
}
_ONE_UPLOAD = {
    "head": _tus("How far an upload is", "describe_upload", 200, _TUS, _UPLOAD),
    "patch": _tus("Add to an upload", "continue_upload", 204, _TUS, _UPLOAD, requestBody=_PIECE),
    "delete": _tus("Give an upload up", "remove_upload", 204, _TUS, _UPLOAD),
}


def _of(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}


def _operation(
    summary: str, name: str, answer: dict[str, Any], body: dict[str, Any] | None = None, *parameters: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary, "operationId": name, "parameters": list(parameters)}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return {**operation, "responses": {**answer, "default": _PROBLEM}}


def _ok(content: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "Done", "content": content}}


_FRAMES = {MEDIA_TYPE: _BYTES["application/octet-stream"]}
_BLOCKS = {
    "/api/v1/transfer": {
        "get": _operation(
            "What the block protocol takes",
            "transfer",
            _ok(_of("TransferOut")),
            None,
            _parameter("query", "path", "Where files will go.", default="/"),
        )
    },
    "/api/v1/blocks/missing": {
        "post": _operation("Which blocks to send", "missing_blocks", _ok(_of("MissingOut")), _of("MissingIn"))
    },
    "/api/v1/blocks/{id}": {
        "put": _operation(
            "Send a block",
            "store_block",
            {"204": {"description": "Durable, and yours to name"}},
            _BYTES,
            {**_parameter("path", "id", "BLAKE3 of the content, keyed with the naming key."), "required": True},
            _parameter("header", "Content-Encoding", "How it is compressed.", enum=["zstd", "gzip"]),
            _parameter("header", "Upload-Hint", "<32 hexadecimal digits>; index=<n>; count=<m>"),
        )
    },
    "/api/v1/commits": {
        "post": _operation("Publish files by their blocks", "commit", _ok(_of("ResultsOut")), _of("CommitIn"))
    },
    "/api/v1/batch": {"post": _operation("Store small files", "store_batch", _ok(_of("ResultsOut")), _FRAMES)},
    "/api/v1/batch/read": {"post": _operation("Read small files", "read_batch", _ok(_FRAMES), _of("ReadIn"))},
    "/api/v1/manifests/{path}": {
        "get": _operation("The blocks of a file", "manifest", _ok(_of("ManifestOut")), None, _PATH)
    },
}
_MODELS = (
    schemas.EntryOut,
    schemas.WrittenOut,
    schemas.ProblemOut,
    block_schemas.TransferOut,
    block_schemas.MissingIn,
    block_schemas.MissingOut,
    block_schemas.CommitIn,
    block_schemas.ReadIn,
    block_schemas.ResultsOut,
    block_schemas.ManifestOut,
)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    document = get_openapi(title="Secure File Transfer", version=app.version, routes=app.routes)
    paths, components = document["paths"], document.setdefault("components", {})
    known = components.setdefault("schemas", {})
    for model in _MODELS:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        known.update(schema.pop("$defs", {}))
        known[model.__name__] = schema
    for operations in paths.values():
        for operation in operations.values():
            # Validation errors are problems here too, never FastAPI's own form.
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        known.pop(unused, None)
    paths["/api/v1/files/{path}"] = {"get": _GET, "head": _HEAD, "put": _PUT}
    paths["/api/v1/zip"] = {"get": _ZIP}
    paths["/api/v1/uploads"] = _UPLOADS
    paths["/api/v1/uploads/{id}"] = _ONE_UPLOAD
    paths.update(_BLOCKS)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}, "device": {"type": "mutualTLS"}}
    # The empty requirement: a server that admits guests takes requests without a token.
    document["security"] = [{"token": []}, {"device": []}, {}]
    return document
