"""What the pages of a link look like: HTML for people, whole without a script.

What they say stands in `visit_words`. Whatever somebody else wrote (names of files, of accounts, of links) is escaped,
and set apart in `<bdi>`: a name in Hebrew or Persian must not turn its neighbours. The script (`assets/visit.js`) adds
comfort: files are dropped and sent one by one with their progress, texts are shown, answers come by themselves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template
from uuid import uuid4

from ...errors import SecureFileTransferError
from ...model import Entry, Kind, Link, Rights, Warned
from ...paths import RemotePath
from ...services.chat import Said
from ...services.guests import NAME_MAX
from .media import PLAIN, type_of
from .visit_words import ENGLISH, Words

SAY_MAX = 1000
"""Characters of a line to whoever shares."""
PICTURE_MAX = 50_000_000
"""Bytes of an image that is shown before anybody asked for it: about as much as a page may cost on a phone."""
_TEXTS = frozenset({"csv", "ini", "json", "log", "md", "rst", "toml", "tsv", "txt", "xml", "yaml", "yml"})
_SCRIPT_SAYS = (
    "drop-here", "choose-files", "choose-folder", "folders-flat", "waiting", "sending", "sent", "failed", "again",
    "cancel", "all-sent", "some-failed", "offline", "leaving",
)  # fmt: skip

_FILE = '<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4"/>'
_FOLDER = (
    '<path d="M3 6.5a1.5 1.5 0 0 1 1.5-1.5h4l2 2.5h9A1.5 1.5 0 0 1 21 9v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1'
    ' 3 18z"/>'
)
_ARROW = '<path d="M12 4v11"/><path d="m7 10.5 5 5 5-5"/><path d="M5 20h14"/>'


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
    words: Sequence[Said] | None = None
    """What was said with them, the oldest first; None where nothing can be said."""
    front: bool = False
    """Whether the server is there for this link alone: then they are who shares it."""
    says: Words = ENGLISH


def folder_page(view: View) -> bytes:
    """A folder, or what may be put into it."""
    link, says = view.link, view.says
    reads = Rights.READ in link.rights
    key = ("shares-file" if link.kind is Kind.FILE else "shares-folder") if reads else "asks-files"
    body = [*_warnings(view), *_received(view), *_facts(view)]
    if reads and link.kind is Kind.FILE:
        body += [_single(view, entry) for entry in view.entries]
    elif reads:
        body += [_bar(view, view.path), _listing(view)]
    body += [*_form(view), *_chat(view)]
    return _page(
        says,
        link.name or link.target,
        heading=_name(link.name or link.target),
        lead=says.say(key, owner=_name(link.owner)),
        body=body,
    )


def file_page(view: View, entry: Entry) -> bytes:
    """One file of a folder, to be looked at."""
    link, says = view.link, view.says
    body = [*_warnings(view), *_facts(view), _bar(view, view.path), _single(view, entry, named=True)]
    return _page(
        says,
        entry.name,
        heading=_name(link.name or link.target),
        lead=says.say("shares-folder", owner=_name(link.owner)),
        body=body,
    )


def shows(link: Link, entry: Entry) -> bool:
    """Whether a page may show a file by itself. Of a link with a limit it does not: looking would use it up."""
    if entry.kind is not Kind.FILE or Rights.READ not in link.rights or link.downloads_max is not None:
        return False
    kind = _media(entry)
    return entry.size <= PICTURE_MAX if kind == "image" else bool(kind)


def password_page(says: Words, base: str, fault: str = "", name: str = "") -> bytes:
    """A form for the password and a name. `fault` says what was wrong with the last one, `name` is that of then."""
    invalid = ' aria-invalid="true"' if fault else ""
    told = f'<p class="fault" id="fault" role="alert">{escape(fault)}</p>' if fault else ""
    typed = f' value="{escape(name)}"' if name else ""
    form = f"""<form class="card" method="post" action="{escape(base)}">
    <div class="field">
      <label for="password">{says.say("password-label")}</label>
      <input id="password" name="password" type="password" required autofocus autocomplete="off" dir="ltr"
        aria-describedby="hint fault"{invalid}>
      <p class="hint" id="hint">{says.say("password-hint")}</p>
      {told}
    </div>
    <div class="field">
      <label for="name">{says.say("name-label")}</label>
      <input id="name" name="name" type="text" maxlength="{NAME_MAX}"{typed} autocomplete="nickname"
        aria-describedby="name-hint" dir="auto">
      <p class="hint" id="name-hint">{says.say("name-hint")}</p>
    </div>
    <button type="submit" class="main">{says.say("open")}</button>
  </form>"""
    heading, lead = says.say("password"), says.say("password-lead")
    return _page(says, says.texts["password"], heading=heading, lead=lead, body=[form], width="narrow")


def gone_page(says: Words = ENGLISH) -> bytes:
    """The one page of all links that open nothing."""
    body = [f'<section class="card"><p>{says.say("gone-body")}</p></section>']
    heading, lead = says.say("gone"), says.say("gone-lead")
    return _page(says, says.texts["gone"], heading=heading, lead=lead, body=body, width="narrow")


def missing_page(says: Words, base: str) -> bytes:
    """Nothing is there, behind a link that works."""
    body = [f'<section class="card"><p><a class="button" href="{escape(base)}">{says.say("back")}</a></p></section>']
    heading, lead = says.say("missing"), says.say("missing-lead")
    return _page(says, says.texts["missing"], heading=heading, lead=lead, body=body, width="narrow")


def failed_page(says: Words, base: str, error: SecureFileTransferError) -> bytes:
    """What could not be done, and what to do next."""
    title = says.title(error)
    way = f'<p><a class="button plain" href="{escape(base)}">{says.say("back")}</a></p>'
    body = [f'<section class="card"><p><bdi>{escape(says.told(error))}</bdi></p>{way}</section>']
    lead = says.say("failed-lead")
    return _page(says, title, heading=escape(title), lead=lead, body=body, width="narrow")


_TEMPLATE = Template(resources.files(__package__).joinpath("assets", "visit.html").read_text(encoding="utf-8"))


def _page(says: Words, title: str, *, heading: str, lead: str, body: Sequence[str], width: str = "") -> bytes:
    script = " ".join(f'data-{key}="{says.say(key)}"' for key in _SCRIPT_SAYS)
    return _TEMPLATE.substitute(
        language=says.code,
        direction=says.direction,
        script=script,
        title=f"{escape(title)} · {escape(says.texts['product'])}",
        width=width,
        heading=heading,
        lead=lead,
        body="\n".join(f"  {part}" for part in body),
        footer=f"{says.say('product')} · {says.say('sealed')}",
    ).encode("utf-8", "replace")


def _name(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"


def _warnings(view: View) -> Iterator[str]:
    yield '<div id="warnings">'
    for each in view.warnings:
        yield f"""<div class="card warning" role="alert">
    <p>{view.says.say("warning", author=_name(each.author))} <bdi>{escape(each.text)}</bdi></p>
    <form method="post" action="{escape(view.base)}">
      <button type="submit" class="quiet" name="acknowledge" value="{each.id}">{view.says.say("acknowledge")}</button>
    </form>
  </div>"""
    yield "</div>"


def _received(view: View) -> Iterator[str]:
    if view.received:
        yield f'<p class="done" role="status">{view.says.count("arrived", view.received)}</p>'


def _facts(view: View) -> Iterator[str]:
    link, says = view.link, view.says
    facts = []
    if view.guest:
        facts.append(says.say("you", guest=_name(view.guest)))
    if link.expires_us is not None:
        facts.append(says.say("until", when=says.moment(link.expires_us)))
    if link.left is not None and Rights.READ in link.rights:
        facts.append(says.say("left-none") if not link.left else says.count("left", link.left))
    if facts:
        yield '<ul class="facts">' + "".join(f"<li>{fact}</li>" for fact in facts) + "</ul>"


def _media(entry: Entry) -> str:
    """What shows a file: `image`, `audio`, `video` or `text`; empty where nothing does."""
    kind = type_of(entry.name, b"media")
    if kind != PLAIN:
        return kind.partition(b"/")[0].decode()
    return "text" if entry.name.rpartition(".")[2].lower() in _TEXTS else ""


def _preview(view: View, entry: Entry, url: str) -> str:
    """What a file looks or sounds like. Texts are shown by the script: the page itself reads no content."""
    if not shows(view.link, entry):
        return ""
    kind, label = _media(entry), escape(entry.name)
    source = f"{escape(url)}?media"
    if kind == "image":
        return f'<figure class="preview"><img src="{source}" alt="{label}"></figure>'
    if kind == "text":
        note = f'<p class="hint" id="begin" hidden>{view.says.say("preview-begin")}</p>'
        return (
            f'<figure class="preview text" data-text="{escape(url)}" hidden>'
            f'<pre tabindex="0" dir="auto" aria-label="{view.says.say("preview")}"></pre>{note}</figure>'
        )
    player = f'<{kind} src="{source}" controls preload="metadata" aria-label="{label}"></{kind}>'
    return f'<figure class="preview">{player}</figure>'


def _single(view: View, entry: Entry, *, named: bool = False) -> str:
    says, digest = view.says, ""
    if entry.sha256 is not None:
        digest = f'<p class="digest">{says.say("digest")} <code dir="ltr">{entry.sha256.hex()}</code></p>'
    # The heading says it, unless the link has a name of its own.
    name = f'<p class="name">{_name(entry.name)}</p>\n    ' if view.link.name or named else ""
    url = view.base + RemotePath.parse(entry.path).to_url()
    preview = _preview(view, entry, url)
    return f"""<section class="single">
    {preview or _icon(entry.kind)}
    {name}<p>{says.size(entry.size)} · {says.day(entry.modified_us)}</p>
    <a class="button" href="{escape(url)}" download>{says.say("download")}</a>
    {digest}
  </section>"""


def _bar(view: View, path: RemotePath) -> str:
    """Where one is, and all of it at once."""
    says = view.says
    steps, at = [(view.link.target, view.base)], RemotePath()
    for name in path.parts:
        at = at / name
        steps.append((name, view.base + at.to_url()))
    *above, (here, _) = steps
    crumbs = [f'<li><a href="{escape(url)}">{_name(name)}</a></li>' for name, url in above]
    crumbs.append(f'<li aria-current="page">{_name(here)}</li>')
    trail = f'<nav aria-label="{says.say("breadcrumbs")}"><ol class="crumbs">{"".join(crumbs)}</ol></nav>'
    if path.is_root and not view.link.name:  # the heading says it already
        trail = ""
    if not view.entries:
        return f'<div class="bar">{trail}</div>' if trail else ""
    url = view.base + ("" if path.is_root else path.to_url()) + "?zip"
    return f'<div class="bar">{trail}<a class="button plain" href="{escape(url)}" download>{says.say("zip")}</a></div>'


def _listing(view: View) -> str:
    says = view.says
    label = f'<section class="files" aria-label="{says.say("files")}">'
    if not view.entries:
        return f'{label}<p class="empty">{says.say("empty")}</p></section>'
    rows = "\n".join(f"    <li>{_row(view, entry)}</li>" for entry in view.entries)
    more = ""
    if view.more is not None:
        url = view.base + view.path.to_url().rstrip("/") + "?after=" + view.more
        more = f'<p class="more"><a href="{escape(url)}">{says.say("more")}</a></p>'
    return f"{label}<ul>\n{rows}\n  </ul>{more}</section>"


def _row(view: View, entry: Entry) -> str:
    """A file that a page can show leads to that page, others straight to their content; a second link always does."""
    says, folder = view.says, entry.kind is Kind.FOLDER
    url = escape(view.base + RemotePath.parse(entry.path).to_url())
    looked = not folder and shows(view.link, entry)
    way = f'href="{url}"' if folder else f'href="{url}?view"' if looked else f'href="{url}" download'
    fetch = ""
    if not folder:
        label = says.say("download-name", name=escape(entry.name))
        fetch = (
            f'<a class="fetch" href="{url}" download aria-label="{label}" title="{label}">'
            f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{_ARROW}</svg></a>'
        )
    return (
        f'<a class="entry {"folder" if folder else "file"}" {way}>'
        f'{_icon(entry.kind)}<span class="name">{_name(entry.name)}</span>'
        f'<span class="size">{"" if folder else says.size(entry.size)}</span>'
        f'<span class="when">{says.day(entry.modified_us)}</span></a>{fetch}'
    )


def _form(view: View) -> Iterator[str]:
    link, says = view.link, view.says
    whole = link.kind is Kind.FILE
    if not view.rights & (Rights.WRITE if whole else Rights.CREATE):
        return
    drop = Rights.READ not in link.rights
    title, hint = ("replace", "replace-hint") if whole else ("add", "drop-hint" if drop else "add-hint")
    url = view.base + ("" if view.path.is_root else view.path.to_url())
    # In a drop box no folder can be seen, so none may be found: whoever sends one is told that it does not stay whole.
    flat = " data-flat" if drop else ""
    yield f"""<form class="card" id="send"{flat} method="post" enctype="multipart/form-data" action="{escape(url)}">
    <h2>{says.say(title)}</h2>
    <div class="field">
      <label for="files" class="visually-hidden">{says.say("choose")}</label>
      <input id="files" name="files" type="file" required{"" if whole else " multiple"} aria-describedby="files-hint">
      <p class="hint" id="files-hint">{says.say(hint, owner=_name(link.owner))}</p>
    </div>
    <button type="submit" class="main">{says.say("send")}</button>
  </form>"""


def _chat(view: View) -> Iterator[str]:
    """A line to whoever shares, and what was said. Without a script it is up to the visitor to look for an answer."""
    if view.words is None:
        return
    says = view.says
    title = says.say("chat", owner=_name(view.link.owner)) if view.front else says.say("chat-operators")
    lines = []
    for each in view.words:
        who = says.say("chat-you") if each.mine else _name(each.sender)
        lines.append(f"<p><strong>{who}</strong>: <bdi>{escape(each.text).replace(chr(10), '<br>')}</bdi></p>")
    look = f'<p class="hint" id="look"><a href="{escape(view.base)}">{says.say("chat-look")}</a></p>' if lines else ""
    said = f'<div role="log" id="said" tabindex="0" aria-label="{title}">{"".join(lines)}</div>\n    {look}'
    yield f"""<form class="card" id="chat" method="post" action="{escape(view.base)}">
    <h2>{title}</h2>
    {said}
    <input type="hidden" name="key" value="{uuid4()}">
    <div class="field">
      <label for="say">{says.say("chat-label")}</label>
      <input id="say" name="say" type="text" required maxlength="{SAY_MAX}" autocomplete="off" dir="auto">
    </div>
    <button type="submit" class="quiet">{says.say("chat-send")}</button>
  </form>"""


def _icon(kind: Kind) -> str:
    shape = _FOLDER if kind is Kind.FOLDER else _FILE
    return f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{shape}</svg>'
