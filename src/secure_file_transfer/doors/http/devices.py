"""The routes of devices: enrolling, renewing, listing and revoking what signs in by a client certificate."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from ...errors import NotFoundError
from ...model import Device, DeviceId, Principal
from ...services.devices import CODE_MINUTES, CODE_MINUTES_MAX, Devices, Enrolment, EnrolmentCode
from .context import Context
from .schemas import TakenBody, Text, dump, write_time

_PUBLIC: dict[str, Any] = {"security": []}
_REQUEST_MAX = 16 * 1024


class EnrolIn(TakenBody):
    """A new device: its certificate request (PKCS #10, PEM), and for whoever is not signed in a code."""

    request: Annotated[str, Field(max_length=_REQUEST_MAX)]
    name: Text
    code: Annotated[str | None, Field(max_length=256, repr=False)] = None


class RenewIn(TakenBody):
    """A certificate request for the device that asks."""

    request: Annotated[str, Field(max_length=_REQUEST_MAX)]


class CodeIn(TakenBody):
    """Whose device the code shall enrol (one's own by default), and for how many minutes it is good."""

    account: Text | None = None
    minutes: Annotated[int, Field(ge=1, le=CODE_MINUTES_MAX)] = CODE_MINUTES


class DevicesQuery(TakenBody):
    """Whose devices: one's own, those of an account, or everybody's."""

    account: Text | None = None
    everybody: bool = False


class DeviceOut(BaseModel):
    """A device. `fingerprint` is the SHA-256 of its newest certificate, in hexadecimal."""

    id: int
    account: str
    name: str
    fingerprint: str
    created: str
    expires: str
    seen: str | None
    address: str
    revoked: str | None
    status: Literal["active", "expired", "revoked"]


class EnrolOut(BaseModel):
    """The device, its new certificate, and the certificates of whoever signed it (PEM)."""

    device: DeviceOut
    certificate: str
    chain: str
    expires: str


class CodeOut(BaseModel):
    """A one-time code. It is shown this once."""

    code: str
    account: str
    expires: str


class DevicesOut(BaseModel):
    """Devices, the oldest first."""

    devices: list[DeviceOut]


def device_json(device: Device, now_us: int) -> dict[str, Any]:
    """A Device."""
    ended = "expired" if device.expires_us <= now_us else "active"
    return {
        "id": device.id,
        "account": device.account,
        "name": device.name,
        "fingerprint": device.fingerprint.hex(),
        "created": write_time(device.created_us),
        "expires": write_time(device.expires_us),
        "seen": write_time(device.seen_us) if device.seen_us is not None else None,
        "address": device.address,
        "revoked": write_time(device.revoked_us) if device.revoked_us is not None else None,
        "status": "revoked" if device.revoked_us is not None else ended,
    }


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")


def add_devices(router: APIRouter, context: Context) -> None:
    """Add the routes. On a server without accounts they answer as if they were not there."""
    _add_enrolment(router, context)
    _add_list(router, context)


def _service(context: Context) -> Devices:
    devices = context.services.devices
    if devices is None:
        raise NotFoundError("There is nothing at this address", hint="This server has no accounts.")
    return devices


def _add_enrolment(router: APIRouter, context: Context) -> None:
    def enrolment(made: Enrolment) -> bytes:
        return dump(
            {
                "device": device_json(made.device, _service(context).now_us()),
                "certificate": made.issued.certificate,
                "chain": made.issued.chain,
                "expires": write_time(made.issued.expires_us),
            }
        )

    @router.post("/devices", response_model=EnrolOut, status_code=201, openapi_extra=_PUBLIC, summary="Enrol a device")
    async def enrol(request: Request, wanted: EnrolIn) -> Response:
        caller, service = context.caller(request.scope), _service(context)

        def work() -> bytes:
            if wanted.code is not None:
                made = service.enrol_by_code(wanted.code, wanted.request, wanted.name, address=caller.address)
            else:
                made = service.enrol(caller.principal(), wanted.request, wanted.name, address=caller.address)
            return enrolment(made)

        return _answer(await context.workers.run(work), 201)

    @router.post("/devices/renewal", response_model=EnrolOut, status_code=201, summary="Renew a device's certificate")
    async def renew(request: Request, wanted: RenewIn) -> Response:
        caller, service = context.caller(request.scope), _service(context)
        return _answer(
            await context.workers.run(lambda: enrolment(service.renew(caller.device(), wanted.request))), 201
        )

    @router.post("/devices/codes", response_model=CodeOut, status_code=201, summary="Make an enrolment code")
    async def new_code(request: Request, wanted: CodeIn) -> Response:
        service = _service(context)

        def work(who: Principal) -> bytes:
            return dump(code_json(service.new_code(who, wanted.account, wanted.minutes)))

        return _answer(await context.caller(request.scope).run(work), 201)


def code_json(code: EnrolmentCode) -> dict[str, Any]:
    """A code."""
    return {"code": code.code, "account": code.account, "expires": write_time(code.expires_us)}


def _add_list(router: APIRouter, context: Context) -> None:
    @router.get("/devices", response_model=DevicesOut, summary="List devices")
    async def list_devices(request: Request, query: Annotated[DevicesQuery, Query()]) -> Response:
        service = _service(context)

        def work(who: Principal) -> bytes:
            found = service.list(who, query.account, everybody=query.everybody)
            return dump({"devices": [device_json(device, service.now_us()) for device in found]})

        return _answer(await context.caller(request.scope).run(work))

    @router.delete("/devices/{device}", response_model=DeviceOut, summary="Revoke a device")
    async def revoke(request: Request, device: int) -> Response:
        service = _service(context)

        def work(who: Principal) -> bytes:
            return dump(device_json(service.revoke(who, DeviceId(device)), service.now_us()))

        return _answer(await context.caller(request.scope).run(work))
