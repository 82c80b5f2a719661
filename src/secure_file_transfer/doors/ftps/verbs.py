"""The one table of verbs."""

from typing import TYPE_CHECKING

from . import channel, folders, moving, sharing, signin
from .replies import Refused, Reply
from .verb import Argument, Place, Verb

if TYPE_CHECKING:
    from .control import Control

__all__ = ["OTHER_PROTOCOLS", "VERBS", "Argument", "Place", "Verb"]

OTHER_PROTOCOLS = frozenset(
    ("GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI", "EHLO", "HELO", "MAIL")
)
"""How requests of other protocols begin. Whoever speaks one here is perhaps a browser that was sent (attack 20)."""


def _help(_: "Control", argument: str) -> Reply:
    wanted = argument.strip().upper().removeprefix("SITE ")
    if not wanted:
        names = [name for name in VERBS if " " not in name]
        rows = tuple(" ".join(f"{name:8}" for name in names[at : at + 8]).rstrip() for at in range(0, len(names), 8))
        return Reply(214, "These commands are known:", rows, "HELP and a name says how one is used.")
    verb = VERBS.get(wanted)
    if verb is None:
        raise Refused(504, "That command is not known here.")
    return Reply(214, f"{verb.name} {verb.syntax}".rstrip())


def _site_help(_: "Control", __: str) -> Reply:
    names = tuple(f"{verb.name} {verb.syntax}".rstrip() for verb in _SITE)
    return Reply(214, "These commands are known after SITE, and without it:", names, "End")


def _site(_: "Control", __: str) -> Reply:
    raise Refused(501, "SITE what? See SITE HELP.")


_LOOP, _SIGNING, _TRANSFER = Place.LOOP, Place.SIGNING, Place.TRANSFER
_NONE, _MAYBE = Argument.NONE, Argument.MAYBE

_SITE = (
    Verb("SHAR", sharing.share, syntax="path [user [level]]"),
    Verb("UNSH", sharing.unshare, syntax="path [user]"),
    Verb("SHWM", sharing.shared_with_me, argument=_NONE),
    Verb("SHBM", sharing.shared_by_me, argument=_NONE),
    Verb("ACK", signin.acknowledge, argument=_MAYBE, syntax="[number]"),
)

_ALL = (
    Verb("AUTH", channel.auth, _LOOP, syntax="TLS", signed_in=False, plain=True),
    Verb("PBSZ", channel.pbsz, _LOOP, syntax="0", signed_in=False),
    Verb("PROT", channel.prot, _LOOP, syntax="P", signed_in=False),
    Verb("CCC", channel.ccc, _LOOP, _NONE, signed_in=False),
    Verb("USER", signin.user, syntax="name", signed_in=False, answers=True),
    Verb("PASS", signin.password, _SIGNING, _MAYBE, syntax="password", signed_in=False),
    Verb("ACCT", signin.account, _SIGNING, syntax="code", signed_in=False, answers=True),
    Verb("REIN", signin.again, argument=_NONE),
    Verb("REGISTER", signin.register, syntax="name", signed_in=False),
    Verb("QUIT", channel.leave, _LOOP, _NONE, signed_in=False, plain=True, anytime=True),
    Verb("NOOP", channel.nothing, _LOOP, _MAYBE, signed_in=False, plain=True, anytime=True),
    Verb("FEAT", channel.features, _LOOP, _NONE, signed_in=False, plain=True),
    Verb("OPTS", channel.opts, _LOOP, syntax="UTF8 ON | MLST facts | HASH SHA-256", signed_in=False),
    Verb("CLNT", channel.client, _LOOP, syntax="program", signed_in=False),
    Verb("SYST", channel.system, _LOOP, _NONE, signed_in=False),
    Verb("HELP", _help, _LOOP, _MAYBE, syntax="[command]", signed_in=False, plain=True),
    Verb("STAT", channel.status, _LOOP, _MAYBE, syntax="[path]", anytime=True),
    Verb("STAT PATH", folders.listed, syntax="path"),
    Verb("TYPE", channel.kind, _LOOP, syntax="I"),
    Verb("MODE", channel.mode, _LOOP, syntax="S"),
    Verb("STRU", channel.structure, _LOOP, syntax="F"),
    Verb("REST", channel.restart, _LOOP, syntax="offset"),
    Verb("EPSV", channel.epsv, _LOOP, _MAYBE, syntax="[1 | 2 | ALL]", data=True),
    Verb("PASV", channel.pasv, _LOOP, _NONE, data=True),
    Verb("PORT", channel.port, _LOOP, syntax="h1,h2,h3,h4,p1,p2", data=True),
    Verb("EPRT", channel.eprt, _LOOP, syntax="|1|address|port|", data=True),
    Verb("ABOR", channel.abort, _LOOP, _NONE, anytime=True),
    Verb("RETR", moving.retrieve, _TRANSFER, syntax="path", data=True),
    Verb("STOR", moving.store, _TRANSFER, syntax="path", data=True),
    Verb("APPE", moving.append, _TRANSFER, syntax="path", data=True),
    Verb("STOU", moving.store_unique, _TRANSFER, _MAYBE, syntax="[path]", data=True),
    Verb("LIST", moving.long_list, _TRANSFER, _MAYBE, syntax="[path]", data=True),
    Verb("NLST", moving.names, _TRANSFER, _MAYBE, syntax="[path]", data=True),
    Verb("MLSD", moving.facts_list, _TRANSFER, _MAYBE, syntax="[path]", data=True),
    Verb("MLST", folders.about, argument=_MAYBE, syntax="[path]"),
    Verb("PWD", folders.where, argument=_NONE),
    Verb("CWD", folders.go, syntax="path"),
    Verb("CDUP", folders.up, argument=_NONE),
    Verb("MKD", folders.make, syntax="path"),
    Verb("RMD", folders.remove_folder, syntax="path"),
    Verb("DELE", folders.remove_file, syntax="path"),
    Verb("RNFR", folders.rename_from, syntax="path"),
    Verb("RNTO", folders.rename_to, syntax="path"),
    Verb("SIZE", folders.size, syntax="path"),
    Verb("MDTM", folders.modified, syntax="path"),
    Verb("MFMT", folders.set_modified, syntax="time path"),
    Verb("HASH", folders.digest, syntax="path"),
    Verb("XSHA256", folders.plain_digest, syntax="path"),
    Verb("ALLO", folders.space, syntax="bytes"),
    *_SITE,
    Verb("SITE", _site, _LOOP, _MAYBE, syntax="HELP | SHAR | UNSH | SHWM | SHBM | ACK"),
    Verb("SITE HELP", _site_help, _LOOP, _MAYBE),
)

VERBS = {verb.name: verb for verb in _ALL}
VERBS |= {f"SITE {verb.name}": verb for verb in _SITE}
VERBS |= {f"X{name}": VERBS[name] for name in ("PWD", "CWD", "MKD", "RMD")}  # RFC 775; some programs know no other
VERBS["XCUP"] = VERBS["CDUP"]
