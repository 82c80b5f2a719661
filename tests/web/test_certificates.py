"""The operator's page of certificates: what is in use, what its files hold now, and what is told before it ends."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from secure_file_transfer.server import keeper
from secure_file_transfer.services import certificates

from .console import Stage, stage

AGAIN = {"en": "Read the files again", "fa": "خواندن دوبارهٔ فایل‌ها"}
NOTE = {"en": "certificate ends on", "fa": "به پایان می‌رسد"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "LOOK_SECONDS", 3600)  # what is asked for here is not done by itself before
        with stage(tmp_path_factory.mktemp("data") / "data") as made:
            yield made


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_certificate_is_read_again(site: Stage, visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/admin/certificates")
    button = page.get_by_role("button", name=AGAIN[language])
    button.click()
    expect(page.get_by_text({"en": "in use already", "fa": "اکنون به کار می‌رود"}[language])).to_be_visible()
    folder = site.house.directory.tls
    authority = folder / "ca_cert.pem"
    good = authority.read_bytes()
    authority.write_bytes(b"-----BEGIN CERTIFICATE-----\nno\n")
    button.click()
    expect(page.get_by_role("alert").filter(has_text="ca_cert.pem")).to_be_visible()
    # That it was refused is an answer; browsers write it down all the same.
    visitor.complaints[:] = [each for each in visitor.complaints if "status of 500" not in each]
    visitor.look("certificates-refused")
    authority.write_bytes(good)
    (folder / "server_cert.pem").unlink()
    button.click()
    expect(page.get_by_text({"en": "in use from now on", "fa": "از این پس"}[language])).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="ca_cert.pem")).to_have_count(0)
    visitor.look("certificates")


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_overview_tells_before_it_ends(
    site: Stage, visit: Any, monkeypatch: pytest.MonkeyPatch, language: str, width: int
) -> None:
    visitor = visit(language=language, width=width)
    page = visitor.sign_in()
    page.goto("/admin")
    expect(page.locator("dd").first).to_be_visible()
    expect(page.get_by_text(NOTE[language])).to_have_count(0)
    monkeypatch.setattr(certificates, "_RENEW_BEFORE", timedelta(days=500))
    note = page.locator(".note").filter(has_text=NOTE[language])
    expect(note).to_be_visible()
    visitor.look("overview-certificate")
    note.get_by_role("link").click()
    expect(page).to_have_url(f"{site.url}/admin/certificates")
