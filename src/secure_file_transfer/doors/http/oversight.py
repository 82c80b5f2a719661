"""`/api/v1/admin`: what everybody shares, the server's certificates, and its folder drives; for operators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from ...model import Kind, LinkId, Principal
from ...services.accounts import require_operator
from ...services.certificate_view import Certificate, CertificateView, InUse, Origin
from ...services.mounts import Mounted, Mounts
from ...services.oversight import PAGE_MAX, Oversight, SeenGrant
from .context import Context
from .links import LinkOut, link_json
from .schemas import TakenBody, Text, dump, write_time
from .sharing import Level, level_json

_Number = Annotated[int, Path(ge=1, lt=1 << 63)]


class SharedQuery(TakenBody):
    """Whose, everybody's by default; `after` continues a page."""

    account: Text | None = None
    after: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 200


class SeenGrantOut(BaseModel):
    """Something that somebody shares. `owner` is empty for a folder drive."""

    number: int
    owner: str
    path: str
    to: str
    rights: int
    level: Level | None
    since: datetime


class SeenGrantsOut(BaseModel):
    """Grants by number; `after` continues the list."""

    grants: list[SeenGrantOut]
    after: int | None


class SeenLinkOut(LinkOut):
    """A link of somebody; its `secret` is always null."""

    owner: str


class SeenLinksOut(BaseModel):
    """Links by number; `after` continues the list."""

    links: list[SeenLinkOut]
    after: int | None


class CertificateOut(BaseModel):
    """A certificate. `fingerprint` is the SHA-256 of its DER form, as `AB:CD:…`; `names` are its alternative names.

    `soon`: it ends so soon that it should be replaced by now.
    """

    subject: str
    issuer: str
    fingerprint: str
    names: list[str]
    begins: datetime
    expires: datetime
    soon: bool


class CertificatesOut(BaseModel):
    """The server's certificate and where it is from, and the authority; `signs` is whether its key is there."""

    server: CertificateOut
    origin: Origin
    authority: CertificateOut
    signs: bool


class DriveGrantOut(BaseModel):
    """Who may do what in a folder drive."""

    to: str
    rights: int
    level: Level | None


class FolderDriveOut(BaseModel):
    """A folder drive, and where it is on the server's disk. `fault` says why it cannot be used at the moment."""

    name: str
    path: str
    kind: Literal["file", "folder"]
    created: datetime
    fault: str
    grants: list[DriveGrantOut]


class FolderDrivesOut(BaseModel):
    """Folder drives, by name."""

    drives: list[FolderDriveOut]


def add_oversight(router: APIRouter, context: Context) -> None:
    """The routes, on a server that has accounts."""
    desk = context.services.desk
    if desk is None:
        return
    _add_grants(router, context, desk.oversight)
    _add_links(router, context, desk.oversight)
    _add_certificates(router, context, desk.certificates)
    _add_drives(router, context, desk.mounts)


def _json(content: bytes) -> Response:
    return Response(content, headers={"cache-control": "no-store"}, media_type="application/json")


def _add_grants(router: APIRouter, context: Context, oversight: Oversight) -> None:
    @router.get("/admin/grants", response_model=SeenGrantsOut, summary="What everybody shares")
    async def grants(request: Request, query: Annotated[SharedQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            found, after = oversight.grants(who, query.account, query.after, query.limit)
            return dump({"grants": [_grant(each) for each in found], "after": after})

        return _json(await context.caller(request.scope).run(work))

    @router.delete("/admin/grants/{number}", status_code=204, summary="End what somebody shares")
    async def revoke(request: Request, number: _Number) -> Response:
        await context.caller(request.scope).run(lambda who: oversight.revoke_grant(who, number))
        return Response(status_code=204)


def _add_links(router: APIRouter, context: Context, oversight: Oversight) -> None:
    @router.get("/admin/links", response_model=SeenLinksOut, summary="Everybody's links")
    async def links(request: Request, query: Annotated[SharedQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            found, after = oversight.links(who, query.account, query.after, query.limit)
            shown = [{**link_json(each), "owner": each.link.owner} for each in found]
            return dump({"links": shown, "after": after})

        return _json(await context.caller(request.scope).run(work))

    @router.delete("/admin/links/{number}", status_code=204, summary="End somebody's link")
    async def revoke(request: Request, number: _Number) -> Response:
        await context.caller(request.scope).run(lambda who: oversight.revoke_link(who, LinkId(number)))
        return Response(status_code=204)


def _add_certificates(router: APIRouter, context: Context, view: CertificateView) -> None:
    def told(used: InUse) -> bytes:
        return dump(
            {
                "server": _certificate(used.server, soon=view.ends_soon(used.server)),
                "origin": used.origin,
                "authority": _certificate(used.authority, soon=view.ends_soon(used.authority)),
                "signs": used.signs,
            }
        )

    @router.get("/admin/certificates", response_model=CertificatesOut, summary="The certificates in use")
    async def certificates(request: Request) -> Response:
        return _json(await context.caller(request.scope).run(lambda who: told(view.in_use(who))))

    @router.post(
        "/admin/certificates/reload", response_model=CertificatesOut, summary="Read the server's certificate again"
    )
    async def reload_certificates(request: Request) -> Response:
        return _json(await context.caller(request.scope).run(lambda who: told(view.reload(who))))

    @router.get(
        "/admin/certificates/request", response_class=Response, summary="A request to sign the authority (PKCS #10)"
    )
    async def certificate_request(request: Request) -> Response:
        pem = await context.caller(request.scope).run(view.request)
        headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="authority.csr"'}
        return Response(pem, headers=headers, media_type="application/pkcs10")


def _add_drives(router: APIRouter, context: Context, mounts: Mounts) -> None:
    @router.get("/admin/drives", response_model=FolderDrivesOut, summary="Folder drives")
    async def drives(request: Request) -> Response:
        def work(who: Principal) -> bytes:
            require_operator(who)
            return dump({"drives": [_drive(each) for each in mounts.list()]})

        return _json(await context.caller(request.scope).run(work))


def _grant(each: SeenGrant) -> Mapping[str, Any]:
    return {
        "number": each.number,
        "owner": each.owner,
        "path": str(each.path),
        "to": each.grant.to,
        **level_json(each.grant.rights),
        "since": write_time(each.grant.created_us),
    }


def _certificate(each: Certificate, *, soon: bool) -> Mapping[str, Any]:
    return {
        "subject": each.subject,
        "issuer": each.issuer,
        "fingerprint": each.fingerprint,
        "names": each.names,
        "begins": write_time(each.begins_us),
        "expires": write_time(each.expires_us),
        "soon": soon,
    }


def _drive(each: Mounted) -> Mapping[str, Any]:
    mount = each.mount
    return {
        "name": mount.name,
        "path": mount.path,
        "kind": "folder" if mount.kind is Kind.FOLDER else "file",
        "created": write_time(mount.created_us),
        "fault": each.fault,
        "grants": [{"to": grant.to, **level_json(grant.rights)} for grant in each.grants],
    }
