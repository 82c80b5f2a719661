"""What the pages of a link look like: HTML for people, whole without a script.

Every text stands in `ENGLISH`, so that other languages can follow. Whatever somebody else wrote (names of files, of
accounts, of links) is escaped, and set apart in `<bdi>`: a name in Hebrew or Persian must not turn its neighbours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template

from ...errors import SecureFileTransferError
from ...model import Entry, Kind, Link, Rights, TimeUs, Warned
from ...paths import RemotePath
from ...services.guests import NAME_MAX
from .schemas import as_datetime

ENGLISH = {
    "product": "Secure File Transfer",
    "shares_folder": "$owner shares this folder with you.",
    "shares_file": "$owner shares this file with you.",
    "asks_files": "$owner asks you for files.",
    "until": "Until $when",
    "left_one": "1 download left",
    "left_many": "$count downloads left",
    "left_none": "No downloads left for others",
    "empty": "There is nothing in this folder.",
    "more": "Show more",
    "download": "Download",
    "zip": "Download all as ZIP",
    "breadcrumbs": "Where you are",
    "files": "Files",
    "add": "Add files",
    "add_hint": "Choose one file or several. Keep this page open until they have arrived. A taken name gets a number.",
    "drop_hint": "Choose one file or several. Keep this page open until they have arrived. No other visitor sees them.",
    "choose": "Your files",
    "replace": "Put another version in its place",
    "replace_hint": "What you send replaces the file for everybody.",
    "send": "Send",
    "arrived_one": "1 file has arrived. Thank you.",
    "arrived_many": "$count files have arrived. Thank you.",
    "gone": "This link does not work",
    "gone_lead": "It may have ended, or may be mistyped.",
    "gone_body": "Check that the whole address was copied. Otherwise ask whoever gave it to you for a new link.",
    "password": "Password needed",
    "password_lead": "This link is protected.",
    "password_label": "Password",
    "password_hint": "Whoever gave you the link knows it.",
    "name_label": "Your name, if you like",
    "name_hint": "Whoever shares this sees it. It is not checked.",
    "warning": "$author says:",
    "acknowledge": "I have read it",
    "open": "Open",
    "you": "You are here as $guest.",
    "missing": "Not found",
    "missing_lead": "There is no such file or folder behind this link.",
    "back": "Back to the beginning",
    "failed_lead": "Nothing was changed, or only what had been finished before.",
    "sealed": "Sent over an encrypted connection",
    "digest": "SHA-256",
}

_FILE = '<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4"/>'
_FOLDER = (
    '<path d="M3 6.5a1.5 1.5 0 0 1 1.5-1.5h4l2 2.5h9A1.5 1.5 0 0 1 21 9v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1'
    ' 3 18z"/>'
)
_UNITS = ("KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class View:
    """A folder (or the one file) behind a link, as it is to be shown. `base` is the link's address.

    `rights` are those in this folder.
    """

    link: Link
    base: str
    path: RemotePath
    entries: Sequence[Entry]
    more: str | None
    rights: Rights
    received: int = 0
    guest: str = ""
    """What this visitor is called."""
    warnings: Sequence[Warned] = ()
    """What operators want it to have read."""


def say(key: str, **values: str) -> str:
    """A text, escaped, with values that are HTML already."""
    return Template(escape(ENGLISH[key])).substitute(values)


def folder_page(view: View) -> bytes:
    """A folder, or what may be put into it."""
    link = view.link
    reads = Rights.READ in link.rights
    key = ("shares_file" if link.kind is Kind.FILE else "shares_folder") if reads else "asks_files"
    body = [*_warnings(view), *_received(view.received), *_facts(link, view.guest)]
    if reads and link.kind is Kind.FILE:
        body += [_single(view, entry) for entry in view.entries]
    elif reads:
        body += [_bar(view), _listing(view)]
    body += _form(view)
    return _page(
        link.name or link.target,
        heading=_name(link.name or link.target),
        lead=say(key, owner=_name(link.owner)),
        body=body,
    )


def password_page(base: str, fault: str = "", name: str = "") -> bytes:
    """A form for the password and a name. `fault` says what was wrong with the last one, `name` is that of then."""
    invalid = ' aria-invalid="true"' if fault else ""
    told = f'<p class="fault" id="fault" role="alert">{escape(fault)}</p>' if fault else ""
    typed = f' value="{escape(name)}"' if name else ""
    form = f"""<form class="card" method="post" action="{escape(base)}">
    <div class="field">
      <label for="password">{say("password_label")}</label>
      <input id="password" name="password" type="password" required autofocus autocomplete="off"
        aria-describedby="hint fault"{invalid}>
      <p class="hint" id="hint">{say("password_hint")}</p>
      {told}
    </div>
    <div class="field">
      <label for="name">{say("name_label")}</label>
      <input id="name" name="name" type="text" maxlength="{NAME_MAX}"{typed} autocomplete="nickname"
        aria-describedby="name-hint" dir="auto">
      <p class="hint" id="name-hint">{say("name_hint")}</p>
    </div>
    <button type="submit" class="main">{say("open")}</button>
  </form>"""
    return _page(ENGLISH["password"], heading=say("password"), lead=say("password_lead"), body=[form], width="narrow")


def gone_page() -> bytes:
    """The one page of all links that open nothing."""
    body = [f'<section class="card"><p>{say("gone_body")}</p></section>']
    return _page(ENGLISH["gone"], heading=say("gone"), lead=say("gone_lead"), body=body, width="narrow")


def missing_page(base: str) -> bytes:
    """Nothing is there, behind a link that works."""
    body = [f'<section class="card"><p><a class="button" href="{escape(base)}">{say("back")}</a></p></section>']
    return _page(ENGLISH["missing"], heading=say("missing"), lead=say("missing_lead"), body=body, width="narrow")


def failed_page(base: str, error: SecureFileTransferError) -> bytes:
    """What could not be done, and what to do next."""
    detail = " ".join(f"{escape(part.rstrip('.'))}." for part in (str(error), error.hint) if part)
    way = f'<p><a class="button plain" href="{escape(base)}">{say("back")}</a></p>'
    body = [f'<section class="card"><p>{detail}</p>{way}</section>']
    return _page(error.row.title, heading=escape(error.row.title), lead=say("failed_lead"), body=body, width="narrow")


_TEMPLATE = Template(resources.files(__package__).joinpath("assets", "visit.html").read_text(encoding="utf-8"))


def _page(title: str, *, heading: str, lead: str, body: Sequence[str], width: str = "") -> bytes:
    return _TEMPLATE.substitute(
        title=f"{escape(title)} · {escape(ENGLISH['product'])}",
        width=width,
        heading=heading,
        lead=lead,
        body="\n".join(f"  {part}" for part in body),
        footer=f"{say('product')} · {say('sealed')}",
    ).encode("utf-8", "replace")


def _name(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"


def _warnings(view: View) -> Iterator[str]:
    for each in view.warnings:
        yield f"""<form class="card warning" method="post" action="{escape(view.base)}" role="alert">
    <p>{say("warning", author=_name(each.author))} <bdi>{escape(each.text)}</bdi></p>
    <button type="submit" class="quiet" name="acknowledge" value="{each.id}">{say("acknowledge")}</button>
  </form>"""


def _received(count: int) -> Iterator[str]:
    if count:
        text = say("arrived_one") if count == 1 else say("arrived_many", count=str(count))
        yield f'<p class="done" role="status">{text}</p>'


def _facts(link: Link, guest: str) -> Iterator[str]:
    facts = []
    if guest:
        facts.append(say("you", guest=_name(guest)))
    if link.expires_us is not None:
        facts.append(say("until", when=_moment(link.expires_us)))
    if link.left is not None and Rights.READ in link.rights:
        words = {0: "left_none", 1: "left_one"}.get(link.left, "left_many")
        facts.append(say(words, count=str(link.left)))
    if facts:
        yield '<ul class="facts">' + "".join(f"<li>{fact}</li>" for fact in facts) + "</ul>"


def _single(view: View, entry: Entry) -> str:
    digest = ""
    if entry.sha256 is not None:
        digest = f'<p class="digest">{say("digest")} <code dir="ltr">{entry.sha256.hex()}</code></p>'
    # The heading says it, unless the link has a name of its own.
    name = f'<p class="name">{_name(entry.name)}</p>\n    ' if view.link.name else ""
    return f"""<section class="single">
    {_icon(entry.kind)}
    {name}<p>{size_text(entry.size)} · {_day(entry.modified_us)}</p>
    <a class="button" href="{escape(view.base + RemotePath.parse(entry.path).to_url())}" download>{say("download")}</a>
    {digest}
  </section>"""


def _bar(view: View) -> str:
    """Where one is, and all of it at once."""
    steps, at = [(view.link.target, view.base)], RemotePath()
    for name in view.path.parts:
        at = at / name
        steps.append((name, view.base + at.to_url()))
    *above, (here, _) = steps
    crumbs = [f'<li><a href="{escape(url)}">{_name(name)}</a></li>' for name, url in above]
    crumbs.append(f'<li aria-current="page">{_name(here)}</li>')
    trail = f'<nav aria-label="{say("breadcrumbs")}"><ol class="crumbs">{"".join(crumbs)}</ol></nav>'
    if view.path.is_root and not view.link.name:  # the heading says it already
        trail = ""
    if not view.entries:
        return f'<div class="bar">{trail}</div>' if trail else ""
    url = view.base + ("" if view.path.is_root else view.path.to_url()) + "?zip"
    return f'<div class="bar">{trail}<a class="button plain" href="{escape(url)}" download>{say("zip")}</a></div>'


def _listing(view: View) -> str:
    label = f'<section class="files" aria-label="{say("files")}">'
    if not view.entries:
        return f'{label}<p class="empty">{say("empty")}</p></section>'
    rows = "\n".join(f"    <li>{_row(view, entry)}</li>" for entry in view.entries)
    more = ""
    if view.more is not None:
        url = view.base + view.path.to_url().rstrip("/") + "?after=" + view.more
        more = f'<p class="more"><a href="{escape(url)}">{say("more")}</a></p>'
    return f"{label}<ul>\n{rows}\n  </ul>{more}</section>"


def _row(view: View, entry: Entry) -> str:
    folder = entry.kind is Kind.FOLDER
    url = escape(view.base + RemotePath.parse(entry.path).to_url())
    return (
        f'<a class="entry {"folder" if folder else "file"}" href="{url}"{"" if folder else " download"}>'
        f'{_icon(entry.kind)}<span class="name">{_name(entry.name)}</span>'
        f'<span class="size">{"" if folder else size_text(entry.size)}</span>'
        f'<span class="when">{_day(entry.modified_us)}</span></a>'
    )


def _form(view: View) -> Iterator[str]:
    link = view.link
    whole = link.kind is Kind.FILE
    if not view.rights & (Rights.WRITE if whole else Rights.CREATE):
        return
    drop = Rights.READ not in link.rights
    title, hint = ("replace", "replace_hint") if whole else ("add", "drop_hint" if drop else "add_hint")
    url = view.base + ("" if view.path.is_root else view.path.to_url())
    yield f"""<form class="card" method="post" enctype="multipart/form-data" action="{escape(url)}">
    <h2>{say(title)}</h2>
    <div class="field">
      <label for="files" class="visually-hidden">{say("choose")}</label>
      <input id="files" name="files" type="file" required{"" if whole else " multiple"} aria-describedby="files-hint">
      <p class="hint" id="files-hint">{say(hint, owner=_name(link.owner))}</p>
    </div>
    <button type="submit" class="main">{say("send")}</button>
  </form>"""


def _icon(kind: Kind) -> str:
    shape = _FOLDER if kind is Kind.FOLDER else _FILE
    return f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{shape}</svg>'


def _moment(when: TimeUs) -> str:
    at = as_datetime(when)
    return f'<time datetime="{at:%Y-%m-%dT%H:%MZ}">{at.day} {at:%B %Y, %H:%M} UTC</time>'


def _day(when: TimeUs) -> str:
    at = as_datetime(when)
    return f'<time datetime="{at:%Y-%m-%d}">{at.day} {at:%b %Y}</time>'


def size_text(size: int) -> str:
    """A size for people: `17 B`, `3.4 MiB`."""
    value, unit = float(size), ""
    for unit_ in _UNITS:
        if value < 1024:
            break
        value, unit = value / 1024, unit_
    if not unit:
        return f"{size} B"
    return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
